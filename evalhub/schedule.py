"""What the clock does by itself, and how often."""

from __future__ import annotations

from celery.schedules import crontab, schedule

SCHEDULE = {
    "sweep jobs and news": {
        "task": "evalhub.jobs.tasks.sweep",
        "schedule": schedule(5.0),
        "options": {"expires": 5},
    },
    "send the e-mails that wait": {
        "task": "evalhub.mail.tasks.sweep",
        "schedule": schedule(30.0),
        "options": {"expires": 30},
    },
    "send the webhooks that wait": {
        "task": "evalhub.webhooks.tasks.sweep",
        "schedule": schedule(10.0),
        "options": {"expires": 10},
    },
    "send the daily e-mails": {
        "task": "evalhub.notifications.tasks.send_summaries",
        "schedule": crontab(hour=6, minute=10),  # after the daily summaries that they tell
        "options": {"expires": 3600},
    },
    "return expired assignments": {
        "task": "evalhub.campaigns.tasks.return_expired",
        "schedule": schedule(15.0),
        "options": {"expires": 15},
    },
    "add up what was judged": {
        "task": "evalhub.judgments.tasks.tally",
        "schedule": schedule(30.0),
        "options": {"expires": 30},
    },
    "count large campaigns": {
        "task": "evalhub.campaigns.tasks.count_large",
        "schedule": schedule(30.0),
        "options": {"expires": 30},
    },
    "settle what people agree on": {
        "task": "evalhub.quality.tasks.settle_all",
        "schedule": schedule(30.0),
        "options": {"expires": 30},
    },
    "look at the alerts": {
        "task": "evalhub.quality.tasks.check_alerts",
        "schedule": schedule(300.0),
        "options": {"expires": 300},
    },
    "take away places of gold that nobody fills": {
        "task": "evalhub.gold.tasks.tidy",
        "schedule": schedule(60.0),
        "options": {"expires": 60},
    },
    "delete exports that have expired": {
        "task": "evalhub.reports.tasks.sweep_exports",
        "schedule": crontab(minute=20),
        "options": {"expires": 3600},
    },
    "delete checkpoints that nobody goes on from": {
        "task": "evalhub.runs.tasks.sweep_checkpoints",
        "schedule": crontab(minute=35),
        "options": {"expires": 3600},
    },
    "delete exports of builds that have expired": {
        "task": "evalhub.datasets.tasks.sweep_build_exports",
        "schedule": crontab(minute=25),
        "options": {"expires": 3600},
    },
    "look at the sweeps": {
        "task": "evalhub.sweeps.tasks.turn_all",
        "schedule": schedule(5.0),
        "options": {"expires": 5},
    },
    "look at the Loops": {
        "task": "evalhub.loops.tasks.turn_all",
        "schedule": schedule(10.0),
        "options": {"expires": 10},
    },
    "send the daily summaries": {
        "task": "evalhub.quality.tasks.send_digests",
        "schedule": crontab(hour=6, minute=0),
        "options": {"expires": 3600},
    },
    "close campaigns whose time is over": {
        "task": "evalhub.campaigns.tasks.close_overdue",
        "schedule": schedule(30.0),
        "options": {"expires": 30},
    },
}
