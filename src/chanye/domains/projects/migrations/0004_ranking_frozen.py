"""Let the database itself refuse to change a published ranking or a version of its formula."""

from django.db import migrations

from chanye.domains.projects.append_only import RANKINGS
from chanye.parties.append_only import operation


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_statistics_frozen")]
    operations = [operation(*RANKINGS)]
