"""Let the database itself refuse to change or delete an audit row."""

from django.db import migrations

from chanye.parties.append_only import AUDIT, operation


class Migration(migrations.Migration):
    dependencies = [("parties", "0001_initial")]
    operations = [operation(AUDIT)]
