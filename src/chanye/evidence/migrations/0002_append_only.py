"""Let the database itself refuse to change a frozen plan and what was recorded of it."""

from django.db import migrations

from chanye.evidence.append_only import RULES
from chanye.parties.append_only import operation


class Migration(migrations.Migration):
    dependencies = [("evidence", "0001_initial")]
    operations = [operation(*RULES)]
