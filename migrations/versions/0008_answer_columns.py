"""counted answers in columns, instead of cells of combinations

Revises: segment1
"""

from datetime import UTC, datetime
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
HISTOGRAM = [f'c{index}' for index in range(11)]

revision = "0008"
down_revision = "segment1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Cells are counted anew by the workers; until they are done, pages say how many are waiting."""
    for table in ('score_by_profile', 'profile', 'score_by_value', 'attribute_value', 'score_total'):
        op.drop_table(table)
    _create_totals()
    op.create_table('score_by_value',
    *_cell_key(),
    sa.Column('attribute', sa.String(length=100), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('value', sa.String(length=200), nullable=False),
    *_question('score_by_value'),
    sa.PrimaryKeyConstraint('workspace_id', 'generation', 'question_id', 'attribute', 'month', 'value', name=op.f('pk_score_by_value'))
    )
    op.create_table('answer_chunk',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('question_id', sa.Uuid(), nullable=False),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('level', sa.Integer(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    *_question('answer_chunk'),
    sa.PrimaryKeyConstraint('workspace_id', 'generation', 'number', name=op.f('pk_answer_chunk'))
    )
    op.create_index(op.f('ix_answer_chunk_workspace_id_generation_question_id_month_level'), 'answer_chunk', ['workspace_id', 'generation', 'question_id', 'month', 'level'])
    op.create_table('answer_column',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('chunk', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=110), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    _workspace('answer_column'),
    sa.PrimaryKeyConstraint('workspace_id', 'generation', 'chunk', 'name', name=op.f('pk_answer_column'))
    )
    op.create_table('counted_answer',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('response_id', sa.Uuid(), nullable=False),
    sa.Column('question_id', sa.Uuid(), nullable=False),
    sa.Column('local_day', sa.Date(), nullable=False),
    sa.Column('score_index', sa.Integer(), nullable=False),
    sa.Column('chunk', sa.Integer(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    _workspace('counted_answer'),
    sa.PrimaryKeyConstraint('workspace_id', 'generation', 'response_id', 'question_id', name=op.f('pk_counted_answer'))
    )
    op.create_table('attribute_value',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('generation', sa.Integer(), nullable=False),
    sa.Column('attribute', sa.String(length=100), nullable=False),
    sa.Column('value', sa.String(length=200), nullable=False),
    sa.Column('code', sa.Integer(), nullable=False),
    _workspace('attribute_value'),
    sa.PrimaryKeyConstraint('workspace_id', 'generation', 'attribute', 'value', name=op.f('pk_attribute_value'))
    )
    for column in (
        sa.Column('last_generation', sa.Integer(), nullable=False, server_default='1'),
        sa.Column('building', sa.Integer(), nullable=True),
        sa.Column('building_time_zone', sa.String(length=64), nullable=True),
        sa.Column('building_attributes', JSON, nullable=True),
        sa.Column('building_cursor', JSON, nullable=True),
    ):
        op.add_column('cell_state', column)
    # Not in batch mode, which would copy the table and drop the one that answers refer to.
    for name in ('counted_generation', 'counted_day', 'counted_profile_id', 'counted_scores'):
        op.drop_column('response', name)
    with op.batch_alter_table('cell_state', schema=None) as batch_op:
        batch_op.alter_column('last_generation', server_default=None)
    _count_anew()


def _count_anew() -> None:
    state = sa.table('cell_state', *map(sa.column, (
        'workspace_id', 'generation', 'time_zone', 'attributes', 'last_generation', 'building',
        'building_time_zone', 'building_attributes',
    )))  # fmt: skip
    connection = op.get_bind()
    connection.execute(
        sa.update(state).values(
            last_generation=state.c.generation + 1, building=state.c.generation + 1,
            building_time_zone=state.c.time_zone, building_attributes=state.c.attributes,
            generation=0,
        )
    )
    outbox = sa.table(
        'outbox', sa.column('workspace_id', sa.Uuid()), sa.column('id', sa.Uuid()),
        sa.column('kind'), sa.column('subject_id', sa.Uuid()), sa.column('detail', JSON),
        sa.column('priority'), sa.column('due_at', sa.DateTime(timezone=True)),
        sa.column('attempts'), sa.column('created_at', sa.DateTime(timezone=True)),
    )  # fmt: skip
    now = datetime.now(UTC)
    if connection.dialect.name == 'sqlite':
        now = now.replace(tzinfo=None)
    workspaces = connection.execute(
        sa.select(sa.column('workspace_id', sa.Uuid())).select_from(sa.table('cell_state'))
    )
    for (workspace_id,) in workspaces.all():
        connection.execute(
            sa.insert(outbox).values(
                workspace_id=workspace_id, id=uuid4(), kind='recount', subject_id=workspace_id,
                detail={}, priority=0, due_at=now, attempts=0, created_at=now,
            )
        )


def downgrade() -> None:
    """`voc cells rebuild` of the version before has to follow."""
    for table in (
        'counted_answer', 'answer_column', 'answer_chunk', 'attribute_value', 'score_by_value',
        'score_total',
    ):  # fmt: skip
        op.drop_table(table)
    _create_totals()
    op.create_table('score_by_value',
    *_cell_key(),
    sa.Column('local_day', sa.Date(), nullable=False),
    sa.Column('attribute', sa.String(length=100), nullable=False),
    sa.Column('value', sa.String(length=200), nullable=False),
    *_question('score_by_value'),
    sa.PrimaryKeyConstraint('workspace_id', 'generation', 'question_id', 'local_day', 'attribute', 'value', name=op.f('pk_score_by_value'))
    )
    op.create_table('score_by_profile',
    *_cell_key(),
    sa.Column('month', sa.Date(), nullable=False),
    sa.Column('profile_id', sa.String(length=64), nullable=False),
    *_question('score_by_profile'),
    sa.PrimaryKeyConstraint('workspace_id', 'generation', 'question_id', 'month', 'profile_id', name=op.f('pk_score_by_profile'))
    )
    op.create_table('profile',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('attribute_values', JSON, nullable=False),
    _workspace('profile'),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_profile'))
    )
    op.create_table('attribute_value',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('attribute', sa.String(length=100), nullable=False),
    sa.Column('value', sa.String(length=200), nullable=False),
    _workspace('attribute_value'),
    sa.PrimaryKeyConstraint('workspace_id', 'attribute', 'value', name=op.f('pk_attribute_value'))
    )
    for name in (
        'last_generation', 'building', 'building_time_zone', 'building_attributes',
        'building_cursor',
    ):  # fmt: skip
        op.drop_column('cell_state', name)
    for column in (
        sa.Column('counted_generation', sa.Integer(), nullable=True),
        sa.Column('counted_day', sa.Date(), nullable=True),
        sa.Column('counted_profile_id', sa.String(length=64), nullable=True),
        sa.Column('counted_scores', JSON, nullable=True),
    ):
        op.add_column('response', column)
    op.execute("DELETE FROM outbox WHERE kind IN ('recount', 'sweep_cells')")
    # No response is counted under a generation that there never was.
    op.execute('UPDATE cell_state SET generation = generation + 1')


def _create_totals() -> None:
    op.create_table('score_total',
    *_cell_key(),
    sa.Column('local_day', sa.Date(), nullable=False),
    *_question('score_total'),
    sa.PrimaryKeyConstraint('workspace_id', 'generation', 'question_id', 'local_day', name=op.f('pk_score_total'))
    )


def _cell_key() -> list[sa.Column]:
    return [
        sa.Column('workspace_id', sa.Uuid(), nullable=False),
        sa.Column('generation', sa.Integer(), nullable=False),
        sa.Column('question_id', sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in HISTOGRAM),
    ]


def _workspace(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f(f'fk_{table}_workspace_id_workspace'), ondelete='CASCADE')


def _question(table: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(['workspace_id', 'question_id'], ['question.workspace_id', 'question.id'], name=op.f(f'fk_{table}_workspace_id_question_id_question'), ondelete='CASCADE'),
        _workspace(table),
    ]
