"""Let the database itself refuse to change or delete what was published."""

from django.db import migrations

from chanye.domains.projects.append_only import RELEASES
from chanye.parties.append_only import operation


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_releases")]
    operations = [operation(*RELEASES)]
