"""Let the database itself refuse to change or delete returns, final months and targets."""

from django.db import migrations

from chanye.domains.projects.append_only import create_statements, drop_statements

TABLES = ("projects_monthlyreturn", "projects_closedmonth", "projects_target")


def _create(apps, schema_editor):
    for table in TABLES:
        for statement in create_statements(schema_editor.connection.vendor, table):
            schema_editor.execute(statement)


def _drop(apps, schema_editor):
    for table in TABLES:
        for statement in drop_statements(schema_editor.connection.vendor, table):
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_statistics")]
    operations = [migrations.RunPython(_create, _drop)]
