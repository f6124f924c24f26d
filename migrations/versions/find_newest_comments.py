"""find the newest comments about a theme by an index

Revises: comments1

A worker of the version before, which knows nothing of the column, stores a day long ago: what it
finds meanwhile stands at the end of the list until it is analysed again.
"""

import sqlalchemy as sa
from alembic import op

revision = "newest1"
down_revision = "comments1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batch mode, which would copy the table.
    op.add_column(
        'assignment',
        sa.Column(
            'answered_at', sa.DateTime(timezone=True), nullable=False,
            server_default='1970-01-01 00:00:00.000000',
        ),
    )
    op.execute(
        'UPDATE assignment SET answered_at = (SELECT response.answered_at FROM response '
        'WHERE response.workspace_id = assignment.workspace_id '
        'AND response.id = assignment.response_id)'
    )
    op.drop_index('ix_assignment_workspace_id_theme_id', table_name='assignment')
    op.create_index(
        'ix_assignment_newest', 'assignment',
        ['workspace_id', 'theme_id', 'sentiment', 'answered_at', 'response_id'],
    )


def downgrade() -> None:
    op.drop_index('ix_assignment_newest', table_name='assignment')
    op.create_index(
        'ix_assignment_workspace_id_theme_id', 'assignment', ['workspace_id', 'theme_id']
    )
    op.drop_column('assignment', 'answered_at')
