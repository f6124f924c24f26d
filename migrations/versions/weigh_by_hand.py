"""weigh by hand: weights of the health that somebody set, and why

Revises: notes1
"""

import sqlalchemy as sa
from alembic import op

revision = "weights2"
down_revision = "notes1"
branch_labels = None
depends_on = None

_BASES = ('learnt', 'initial', 'restored')


def upgrade() -> None:
    _only((*_BASES, 'own'))
    op.add_column('health_scheme', sa.Column('why', sa.String(length=300), nullable=True))


def downgrade() -> None:
    op.drop_column('health_scheme', 'why')
    op.execute("UPDATE health_scheme SET basis = 'restored' WHERE basis = 'own'")
    _only(_BASES)


def _only(values: tuple[str, ...]) -> None:
    """Let the basis be one of these and no other."""
    name = op.f('ck_health_scheme_basis_known')
    allowed = ', '.join(f"'{value}'" for value in values)
    with op.batch_alter_table('health_scheme') as batch_op:
        batch_op.drop_constraint(name, type_='check')
        batch_op.create_check_constraint(name, f'basis IN ({allowed})')
