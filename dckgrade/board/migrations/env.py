"""Run the steps on the connection that `dckgrade.board.database` gives."""

from alembic import context

from dckgrade.board.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
