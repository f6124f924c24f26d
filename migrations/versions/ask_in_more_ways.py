"""kinds of question whose answers are lists, tables, consents or contact details

Only adds: the version before goes on reading and writing while this one migrates.

Revises: queuespeed3
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "morekinds1"
down_revision = "queuespeed3"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
FORMER = "kind IN ('nps', 'csat', 'ces', 'text', 'choice')"
KINDS = (
    "kind IN ('nps', 'csat', 'ces', 'stars', 'faces', 'text', 'choice', 'multiple', 'ranking', "
    "'matrix', 'consent', 'contact', 'statement')"
)


def upgrade() -> None:
    with op.batch_alter_table('question') as batch_op:
        batch_op.drop_constraint(op.f('ck_question_kind_known'), type_='check')
        batch_op.create_check_constraint(op.f('ck_question_kind_known'), KINDS)
    op.add_column('answer', sa.Column('value', JSON, nullable=True))
    op.add_column('answer', sa.Column('personal', sa.Text(), nullable=True))


def downgrade() -> None:
    # What the version before cannot hold goes, as its columns do.
    op.execute(
        "DELETE FROM answer WHERE EXISTS (SELECT 1 FROM question WHERE "
        "question.workspace_id = answer.workspace_id AND question.id = answer.question_id "
        f"AND NOT question.{FORMER})"
    )
    op.execute(f"DELETE FROM question WHERE NOT ({FORMER})")
    op.drop_column('answer', 'personal')
    op.drop_column('answer', 'value')
    with op.batch_alter_table('question') as batch_op:
        batch_op.drop_constraint(op.f('ck_question_kind_known'), type_='check')
        batch_op.create_check_constraint(op.f('ck_question_kind_known'), FORMER)
