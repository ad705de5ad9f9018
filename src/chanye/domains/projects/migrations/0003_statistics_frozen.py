"""Let the database itself refuse to change or delete returns, final months and targets."""

from django.db import migrations

from chanye.domains.projects.append_only import STATISTICS
from chanye.parties.append_only import operation


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_statistics")]
    operations = [operation(*STATISTICS)]
