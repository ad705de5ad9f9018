"""Let the database itself keep the ledger: nothing changes, every journal balances."""

from django.db import migrations

from chanye.domains.programme.append_only import create_statements, drop_statements


def _create(apps, schema_editor):
    for statement in create_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def _drop(apps, schema_editor):
    for statement in drop_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("programme", "0002_ledger")]
    operations = [migrations.RunPython(_create, _drop)]
