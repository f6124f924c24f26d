"""working hours and absences, by which clocks run and cases are given

Revises: merging1
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "office1"
down_revision = "merging1"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), 'postgresql')


def upgrade() -> None:
    op.create_table(
        'working_hours',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=True),
        sa.Column('hours', JSON, nullable=False),
        sa.Column('time_zone', sa.String(64), nullable=False),
        sa.Column('country', sa.String(2), nullable=False),
        sa.Column('subdivision', sa.String(10), nullable=False),
        sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_working_hours_user_id_user_account'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_working_hours_workspace_id_workspace'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_working_hours')),
    )
    _unique('uq_working_hours_of_workspace', ['workspace_id'], 'user_id IS NULL')
    _unique('uq_working_hours_of_member', ['workspace_id', 'user_id'], 'user_id IS NOT NULL')
    op.create_index('ix_working_hours_user_id', 'working_hours', ['user_id'])
    op.create_table(
        'absence',
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('id', sa.Uuid(), nullable=False),
        sa.Column('user_id', sa.Uuid(), nullable=False),
        sa.Column('first_day', sa.Date(), nullable=False),
        sa.Column('last_day', sa.Date(), nullable=False),
        sa.Column('stand_in_user_id', sa.Uuid(), nullable=True),
        sa.CheckConstraint('first_day <= last_day', name=op.f('ck_absence_ends_after_it_begins')),
        sa.CheckConstraint('user_id <> stand_in_user_id', name=op.f('ck_absence_somebody_else_stands_in')),
        sa.ForeignKeyConstraint(['stand_in_user_id'], ['user_account.id'], name=op.f('fk_absence_stand_in_user_id_user_account'), ondelete='SET NULL'),
        sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_absence_user_id_user_account'), ondelete='CASCADE'),
        sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_absence_workspace_id_workspace'), ondelete='CASCADE'),
        sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_absence')),
    )
    for columns in (['workspace_id', 'user_id', 'last_day'], ['user_id'], ['stand_in_user_id']):
        op.create_index(f"ix_absence_{'_'.join(columns)}", 'absence', columns)


def downgrade() -> None:
    op.drop_table('absence')
    op.drop_table('working_hours')


def _unique(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name, 'working_hours', columns, unique=True, sqlite_where=condition,
        postgresql_where=condition,
    )
