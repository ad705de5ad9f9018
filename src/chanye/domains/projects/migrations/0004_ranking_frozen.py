"""Let the database refuse to change what was published."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from chanye.domains.projects.frozen import create_statements, drop_statements


def create(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Put the refusal in place."""
    for statement in create_statements(editor.connection.vendor):
        editor.execute(statement)


def drop(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take it away."""
    for statement in drop_statements(editor.connection.vendor):
        editor.execute(statement)


class Migration(migrations.Migration):
    """The refusal."""

    dependencies = [("projects", "0003_statistics_frozen")]
    operations = [migrations.RunPython(create, drop)]
