"""The processes of a deployment, started for real and without Docker: PostgreSQL, S3, Ray, Dagster."""
