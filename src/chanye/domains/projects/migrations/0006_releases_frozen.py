"""Let the database itself refuse to change or delete what was published."""

from django.db import migrations

from chanye.domains.projects.append_only import create_statements, drop_statements


def _create(apps, schema_editor):
    for statement in create_statements(schema_editor.connection.vendor, "projects_release"):
        schema_editor.execute(statement)


def _drop(apps, schema_editor):
    for statement in drop_statements(schema_editor.connection.vendor, "projects_release"):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_releases")]
    operations = [migrations.RunPython(_create, _drop)]
