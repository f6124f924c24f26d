"""head mails with a logo of the survey's own

Revises: pace1
"""

import sqlalchemy as sa
from alembic import op

revision = "logo1"
down_revision = "pace1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('survey_mail', sa.Column('logo', sa.LargeBinary(), nullable=True))
    op.add_column('survey_mail', sa.Column('logo_width', sa.Integer(), nullable=True))
    op.add_column('survey_mail', sa.Column('logo_height', sa.Integer(), nullable=True))


def downgrade() -> None:
    for column in ('logo_height', 'logo_width', 'logo'):
        op.drop_column('survey_mail', column)
