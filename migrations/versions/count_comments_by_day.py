"""count comments by day, and themes in one row a day

Revises: touchpoint1

What the pages about themes show is then read from sums alone. Themes are taken over from their
cells; comments are counted here from what was analysed, in batches. A worker of the version
before may analyse comments meanwhile without counting them: the work that moves themes to other
days, which leaves what is right as it is, is asked for once in each workspace.
"""

from datetime import UTC, datetime
from uuid import UUID as Id
from uuid import uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

JSON = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)

revision = "comments1"
down_revision = "touchpoint1"
branch_labels = None
depends_on = None

TONES = ('positive', 'neutral', 'negative', 'mixed')
PLACES = {
    'high': ('promoter', 'satisfied', 'easy'),
    'middle': ('passive', 'neutral'),
    'low': ('detractor', 'dissatisfied', 'difficult'),
    'unscored': ('unscored',),
}
KINDS = {
    'nps': ((9, 'promoter'), (7, 'passive'), (0, 'detractor')),
    'csat': ((4, 'satisfied'), (3, 'neutral'), (1, 'dissatisfied')),
    'ces': ((5, 'easy'), (4, 'neutral'), (1, 'difficult')),
}
BATCH = 5000


def upgrade() -> None:
    numbers = [f'{place}_{tone}' for place in PLACES for tone in TONES]
    op.create_table('theme_day',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('question_id', sa.Uuid(), nullable=False),
    sa.Column('local_day', sa.Date(), nullable=False),
    sa.Column('theme_id', sa.Uuid(), nullable=False),
    *(sa.Column(name, sa.Integer(), nullable=False) for name in numbers),
    sa.ForeignKeyConstraint(['workspace_id', 'question_id'], ['question.workspace_id', 'question.id'], name=op.f('fk_theme_day_workspace_id_question_id_question'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'theme_id'], ['theme.workspace_id', 'theme.id'], name=op.f('fk_theme_day_workspace_id_theme_id_theme'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_theme_day_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'question_id', 'local_day', 'theme_id', name=op.f('pk_theme_day'))
    )
    op.create_table('comment_day',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('question_id', sa.Uuid(), nullable=False),
    sa.Column('local_day', sa.Date(), nullable=False),
    *(sa.Column(place, sa.Integer(), nullable=False) for place in PLACES),
    sa.ForeignKeyConstraint(['workspace_id', 'question_id'], ['question.workspace_id', 'question.id'], name=op.f('fk_comment_day_workspace_id_question_id_question'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_comment_day_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'question_id', 'local_day', name=op.f('pk_comment_day'))
    )
    # Not in batch mode, which would copy the table: a nullable column is added at once.
    op.add_column('analysis', sa.Column('counted', JSON, nullable=True))
    sums = ', '.join(
        f"SUM(CASE WHEN sentiment = '{tone}' AND category IN ({_quoted(names)}) THEN n ELSE 0 END)"
        for names in PLACES.values()
        for tone in TONES
    )
    op.execute(
        f"INSERT INTO theme_day (workspace_id, question_id, local_day, theme_id, {', '.join(numbers)}) "
        f"SELECT workspace_id, question_id, local_day, theme_id, {sums} FROM theme_cell "
        "GROUP BY workspace_id, question_id, local_day, theme_id"
    )
    op.drop_table('theme_cell')
    _count_comments()


def _quoted(names) -> str:
    return ', '.join(f"'{name}'" for name in names)


# --- counting comments -----------------------------------------------------------------------

UUID, MOMENT = sa.Uuid(), sa.DateTime(timezone=True)
workspace = sa.table('workspace', sa.column('id', UUID), sa.column('time_zone', sa.String()))
survey = sa.table(
    'survey', sa.column('workspace_id', UUID), sa.column('id', UUID), sa.column('kind', sa.String())
)
version = sa.table(
    'survey_version', sa.column('workspace_id', UUID), sa.column('survey_id', UUID),
    sa.column('number', sa.Integer()), sa.column('definition', JSON),
)
question = sa.table(
    'question', sa.column('workspace_id', UUID), sa.column('survey_id', UUID),
    sa.column('id', UUID), sa.column('key', sa.String()),
)
response = sa.table(
    'response', sa.column('workspace_id', UUID), sa.column('id', UUID),
    sa.column('survey_id', UUID), sa.column('survey_version', sa.Integer()),
    sa.column('score', sa.Integer()), sa.column('answered_at', MOMENT),
)
analysis = sa.table(
    'analysis', sa.column('workspace_id', UUID), sa.column('response_id', UUID),
    sa.column('text_digest', sa.String()), sa.column('counted', JSON),
)
comment_day = sa.table(
    'comment_day', sa.column('workspace_id', UUID), sa.column('question_id', UUID),
    sa.column('local_day', sa.Date()), *(sa.column(place, sa.Integer()) for place in PLACES),
)
outbox = sa.table(
    'outbox', sa.column('workspace_id', UUID), sa.column('id', UUID),
    sa.column('kind', sa.String()), sa.column('subject_id', UUID), sa.column('detail', JSON),
    sa.column('priority', sa.Integer()), sa.column('due_at', MOMENT),
    sa.column('attempts', sa.Integer()), sa.column('created_at', MOMENT),
)


def _count_comments() -> None:
    bind = op.get_bind()
    for workspace_id, time_zone in bind.execute(sa.select(workspace.c.id, workspace.c.time_zone)).all():
        scales = _scales(bind, workspace_id)
        days, last = {}, None
        while rows := _commented(bind, workspace_id, last):
            last = rows[-1].response_id
            marks = []
            for row in rows:
                place = _place(row, scales, ZoneInfo(time_zone))
                if place is not None:
                    marks.append({'of': row.response_id, 'is': place})
                    key = (place['question'], place['day'], place['category'])
                    days[key] = days.get(key, 0) + 1
            if marks:
                bind.execute(
                    analysis.update()
                    .where(
                        analysis.c.workspace_id == workspace_id,
                        analysis.c.response_id == sa.bindparam('of', type_=UUID),
                    )
                    .values(counted=sa.bindparam('is', type_=JSON)),
                    marks,
                )
        if last is not None:
            _store(bind, workspace_id, days)


def _scales(bind, workspace_id):
    """(Survey, version) → kind and primary question."""
    kinds = dict(bind.execute(sa.select(survey.c.id, survey.c.kind).where(survey.c.workspace_id == workspace_id)).all())
    ids = {
        (row.survey_id, row.key): row.id
        for row in bind.execute(sa.select(question).where(question.c.workspace_id == workspace_id))
    }
    found = {}
    for row in bind.execute(sa.select(version).where(version.c.workspace_id == workspace_id)):
        kind = kinds[row.survey_id]
        key = next(each['key'] for each in row.definition['questions'] if each['kind'] == kind)
        found[(row.survey_id, row.number)] = (kind, ids.get((row.survey_id, key)))
    return found


def _commented(bind, workspace_id, last):
    query = (
        sa.select(
            analysis.c.response_id, response.c.survey_id, response.c.survey_version,
            response.c.score, response.c.answered_at,
        )
        .join(
            response,
            (response.c.workspace_id == analysis.c.workspace_id)
            & (response.c.id == analysis.c.response_id),
        )
        .where(analysis.c.workspace_id == workspace_id, analysis.c.text_digest.is_not(None))
        .order_by(analysis.c.response_id)
        .limit(BATCH)
    )
    return bind.execute(query if last is None else query.where(analysis.c.response_id > last)).all()


def _place(row, scales, zone):
    """What an analysis remembers of the cell in which its comment is counted."""
    kind, question_id = scales[(row.survey_id, row.survey_version)]
    if question_id is None:
        return None
    moment = row.answered_at if row.answered_at.tzinfo else row.answered_at.replace(tzinfo=UTC)
    category = 'unscored'
    if row.score is not None:
        category = next(name for lowest, name in KINDS[kind] if row.score >= lowest)
    return {
        'question': str(question_id),
        'day': moment.astimezone(zone).date().isoformat(),
        'category': category,
    }


def _store(bind, workspace_id, days) -> None:
    rows = {}
    for (question_id, day, category), n in days.items():
        row = rows.setdefault((question_id, day), dict.fromkeys(PLACES, 0))
        row[next(place for place, names in PLACES.items() if category in names)] += n
    bind.execute(
        comment_day.insert(),
        [
            {
                'workspace_id': workspace_id, 'question_id': Id(question_id),
                'local_day': datetime.fromisoformat(day).date(), **row,
            }
            for (question_id, day), row in sorted(rows.items())
        ],
    )
    now = datetime.now(UTC)
    bind.execute(
        outbox.insert(),
        [{
            'workspace_id': workspace_id, 'id': uuid4(), 'kind': 'theme_days',
            'subject_id': workspace_id, 'detail': {}, 'priority': 10, 'due_at': now,
            'attempts': 0, 'created_at': now,
        }],
    )


# --- back --------------------------------------------------------------------------------------


def downgrade() -> None:
    op.create_table('theme_cell',
    sa.Column('workspace_id', sa.Uuid(), nullable=False),
    sa.Column('theme_id', sa.Uuid(), nullable=False),
    sa.Column('question_id', sa.Uuid(), nullable=False),
    sa.Column('local_day', sa.Date(), nullable=False),
    sa.Column('category', sa.String(length=20), nullable=False),
    sa.Column('sentiment', sa.String(length=10), nullable=False),
    sa.Column('n', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'question_id'], ['question.workspace_id', 'question.id'], name=op.f('fk_theme_cell_workspace_id_question_id_question'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'theme_id'], ['theme.workspace_id', 'theme.id'], name=op.f('fk_theme_cell_workspace_id_theme_id_theme'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_theme_cell_workspace_id_workspace'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('workspace_id', 'theme_id', 'question_id', 'local_day', 'category', 'sentiment', name=op.f('pk_theme_cell'))
    )
    for place, names in PLACES.items():
        for tone in TONES:
            # The category of a place is that of the question's scale.
            category = (
                f"'{names[0]}'" if len(names) == 1 else
                'CASE question.kind '
                + ' '.join(f"WHEN '{kind}' THEN '{_category(kind, place)}'" for kind in KINDS)
                + ' END'
            )
            op.execute(
                'INSERT INTO theme_cell '
                f"SELECT theme_day.workspace_id, theme_id, question_id, local_day, {category}, '{tone}', {place}_{tone} "
                'FROM theme_day JOIN question ON question.workspace_id = theme_day.workspace_id '
                f'AND question.id = theme_day.question_id WHERE {place}_{tone} <> 0'
            )
    op.drop_column('analysis', 'counted')
    op.drop_table('comment_day')
    op.drop_table('theme_day')


def _category(kind, place) -> str:
    return KINDS[kind][('high', 'middle', 'low').index(place)][1]
