"""Let the database itself keep the ledger: nothing changes, every journal balances."""

from django.db import migrations

from chanye.domains.programme.append_only import RULES
from chanye.parties.append_only import operation


class Migration(migrations.Migration):
    dependencies = [("programme", "0002_ledger")]
    operations = [operation(*RULES)]
