"""Let the database itself refuse to change a frozen plan and what was recorded of it."""

from django.db import migrations

from chanye.evidence.append_only import create_statements, drop_statements


def _create(apps, schema_editor):
    for statement in create_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def _drop(apps, schema_editor):
    for statement in drop_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]
    operations = [migrations.RunPython(_create, _drop)]
