"""What words mean: units, time, geo, money, ids, errors, settings."""
