"""Figures of the business by month: churn, retention, upsell, lifetime value, active users."""
