"""Files: bulk import of CSV, Parquet and SHDR, and a folder that is watched for them."""
