"""Tables of management: use of the system, money, milestones, risks, decisions, other events."""

from analysis.tables.columns import Column, Table, identifier, site

TABLES = (
    Table(
        "crm_usage",
        "site x month",
        ("site_id", "month"),
        {
            "site_id": site(),
            "month": Column("date", "first day of the month", required=True),
            "users": Column("int", "accounts", low=0),
            "active_users": Column("int", "accounts used in the month", low=0),
            "weekly_users": Column(
                "number", "accounts used in a week, mean over the weeks of the month", low=0
            ),
            "active_days": Column(
                "int", "days on which an account was used, added up over the accounts", low=0
            ),
            "records_kept": Column("int", "customer records written", low=0),
            "functions_used": Column("int", "different functions used", low=0),
            "profiles": Column("int", "customer profiles that should exist", low=0),
            "profiles_complete": Column("int", "of these, with every required field", low=0),
            "records_checked": Column("int", "records sampled and checked", low=0),
            "records_right": Column("int", "of these, without a mistake", low=0),
            "call_backs": Column("int", "follow-up calls made on one's own initiative", low=0),
        },
    ),
    Table(
        "costs",
        "one cost item",
        ("cost_id",),
        {
            "cost_id": identifier("cost item"),
            "category": Column(
                "label",
                "kind of cost",
                required=True,
                labels=(
                    "trainer",
                    "materials",
                    "venue",
                    "incentive",
                    "platform",
                    "travel",
                    "participant_time",
                    "administration",
                    "evaluation",
                    "reserve",
                ),
            ),
            "item": Column("label", "what was bought"),
            "priced_as": Column(
                "label",
                "entry of the price list; NULL for what has none",
                labels=(
                    "trainer_internal_hour",
                    "trainer_external_day",
                    "textbook",
                    "cases_quarter",
                    "room_day",
                    "vr_set",
                    "incentive_person",
                    "certificate",
                    "platform_year",
                    "tools_year",
                ),
            ),
            "quantity": Column("number", "planned quantity, in the unit of the price", low=0),
            "unit_price": Column("number", "planned price of one", unit="CNY", low=0),
            "life_years": Column(
                "number", "years of use over which it is spread; NULL for what is used up", low=0.1
            ),
            "planned": Column("number", "planned", unit="CNY", low=0),
            "actual": Column("number", "spent, a refund negative; NULL while open", unit="CNY"),
            "spent_on": Column("date", "day of the expense, or planned day"),
        },
    ),
    Table(
        "milestones",
        "one milestone or gate",
        ("milestone_id",),
        {
            "milestone_id": identifier("milestone"),
            "name": Column("label", "what must be reached", required=True),
            "planned_on": Column("date", "planned", required=True),
            "actual_on": Column("date", "reached; NULL while open"),
            "criterion": Column("label", "what counts as reached"),
            "after": Column("label", "ids of the milestones it waits for, e.g. M1, M2"),
        },
    ),
    Table(
        "risks",
        "one risk",
        ("risk_id",),
        {
            "risk_id": identifier("risk"),
            "name": Column("label", "what may happen", required=True),
            "category": Column("label", "area"),
            "probability": Column("int", "1 rare to 5 almost certain", low=1, high=5),
            "impact": Column("int", "1 slight to 5 fatal", low=1, high=5),
            "response": Column("label", "planned response"),
            "trigger": Column("label", "alert rule that sets it off, or e.g. return_rate < 0.3"),
            "owner": Column("label", "role in charge"),
            "contingency": Column("label", "what is ready should it happen"),
            "drilled_on": Column("date", "day of the last drill"),
            "drill_level": Column(
                "label", "how far the last drill went", labels=("table_top", "partial", "full")
            ),
        },
    ),
    Table(
        "actions",
        "one action from an earlier report",
        ("action_id",),
        {
            "action_id": identifier("action"),
            "finding": Column("label", "the finding it answers", required=True),
            "action": Column("label", "what is to be done"),
            "owner": Column("label", "role in charge"),
            "due_on": Column("date", "due"),
            "done_on": Column("date", "done; NULL while open"),
        },
    ),
    Table(
        "appeals",
        "one objection of an employee to a result; optional, it allows results to count",
        ("appeal_id",),
        {
            "appeal_id": identifier("objection"),
            "staff_id": Column("person", "who objected", refers="staff"),
            "about": Column(
                "label", "what it is about", labels=("test", "rating", "appraisal", "other")
            ),
            "filed_on": Column("date", "day it was handed in", required=True),
            "due_on": Column("date", "day by which it is to be decided"),
            "decided_on": Column("date", "day of the decision; NULL while open"),
            "outcome": Column(
                "label", "what was decided", labels=("upheld", "changed", "withdrawn")
            ),
        },
    ),
    Table(
        "documents",
        "one version of one document of the programme; optional",
        ("title", "version"),
        {
            "title": Column("label", "title as it is cited", required=True),
            "version": Column("label", "version, e.g. V1.2", required=True),
            "issued_on": Column("date", "day of issue"),
            "approved_by": Column("label", "role that approved it"),
            "approved_on": Column("date", "day of approval; NULL while it waits"),
            "second_approved_by": Column("label", "role that approved it as well, e.g. legal"),
            "second_approved_on": Column("date", "day of that approval; NULL while it waits"),
        },
    ),
    Table(
        "events",
        "one change at a site besides the training; optional",
        ("event_id",),
        {
            "event_id": identifier("change"),
            "site_id": Column("id", "managed project; NULL for all", refers="sites"),
            "change": Column(
                "label",
                "kind of change",
                required=True,
                labels=("service_standard", "takeover", "management", "system", "price", "other"),
            ),
            "name": Column("label", "what changed"),
            "happened_on": Column("date", "first day under the change", required=True),
        },
    ),
)
