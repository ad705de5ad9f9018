"""B2MML V0700 (ISA-95 part 5 in XML): operations schedules in, performance out, materials in and out.

The Business To Manufacturing Markup Language (B2MML) is used courtesy of MESA International.
"""
