"""add target share

Revises: newest1
"""

import sqlalchemy as sa
from alembic import op

revision = "shares1"
down_revision = "newest1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('target_share',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('survey_id', sa.Uuid(), nullable=False),
    sa.Column('attribute', sa.String(length=100), nullable=False),
    sa.Column('value', sa.String(length=200), nullable=False),
    sa.Column('share', sa.Double(), nullable=False),
    sa.CheckConstraint('share > 0', name=op.f('ck_target_share_share_positive')),
    sa.ForeignKeyConstraint(['workspace_id', 'survey_id'], ['survey.workspace_id', 'survey.id'], name=op.f('fk_target_share_workspace_id_survey'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_target_share_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'survey_id', 'attribute', 'value', name=op.f('pk_target_share'))
    )


def downgrade() -> None:
    op.drop_table('target_share')
