"""The steps from the first schema to today's, run by Alembic."""
