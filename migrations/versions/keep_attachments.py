"""keep attachments: files that customers send with e-mails of a follow-up

Revises: held1
"""

import sqlalchemy as sa
from alembic import op

revision = "attached1"
down_revision = "held1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('case_attachment',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('mail_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.String(length=100), nullable=False),
    sa.Column('size', sa.Integer(), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=True),
    sa.Column('left_out', sa.String(length=20), nullable=True),
    sa.CheckConstraint("left_out IN ('file_too_large', 'mail_too_large', 'too_many', 'case_full')", name=op.f('ck_case_attachment_left_out_known')),
    sa.CheckConstraint('(content IS NULL) = (left_out IS NOT NULL)', name=op.f('ck_case_attachment_kept_or_left_out')),
    sa.ForeignKeyConstraint(['workspace_id', 'mail_id'], ['case_mail.workspace_id', 'case_mail.id'], name=op.f('fk_case_attachment_workspace_id_mail_id_case_mail'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_case_attachment_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_case_attachment')),
    sa.UniqueConstraint('workspace_id', 'mail_id', 'position', name=op.f('uq_case_attachment_workspace_id_mail_id_position'))
    )


def downgrade() -> None:
    op.drop_table('case_attachment')
