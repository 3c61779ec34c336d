"""Tables of customers: what they were asked and answered, requested, paid and signed."""

from analysis.tables.columns import Column, Table, identifier, site

DISPOSITIONS = (
    "complete",
    "partial",
    "refusal",
    "noncontact",
    "other",
    "unknown_household",
    "unknown_other",
    "not_eligible",
)
"""Final outcome of an invitation, as the survey standard (AAPOR 2023) groups its codes: 1.1, 1.2,
2.1, 2.2, 2.3, 3.1, the rest of 3, 4."""
ITEM_ROLES = ("overall", "nps", "useful", "lecturer", "organisation", "item")
"""Use of an item; three of them are domains of a course questionnaire."""
TICKET_KINDS = ("repair", "complaint", "enquiry", "praise")
REPORTED_BY = ("platform", "phone", "front_desk", "other")

TABLES = (
    Table(
        "surveys",
        "one answer to one item of a customer questionnaire",
        ("response_id", "item"),
        {
            "response_id": identifier("one filled questionnaire"),
            "item": identifier("item of the instrument"),
            "instrument": identifier("questionnaire and version", refers="instruments"),
            "site_id": site(),
            "household_id": Column("person", "household; NULL when anonymous"),
            "answered_at": Column("instant", "when it was handed in", required=True),
            "channel": Column("label", "how it was answered (微信, phone …)"),
            "score": Column("number", "answer on the declared scale, more is better"),
            "missing": Column(
                "label",
                "why there is no score",
                labels=("blank", "skipped", "not_applicable", "dont_know"),
            ),
        },
    ),
    Table(
        "survey_means",
        "mean of the answers to one item: site x month x item; instead of surveys",
        ("site_id", "month", "instrument", "item"),
        {
            "site_id": site(),
            "month": Column("date", "first day of the month", required=True),
            "instrument": identifier("questionnaire and version", refers="instruments"),
            "item": identifier("item of the instrument"),
            "score": Column("number", "mean on the declared scale; NULL where nobody was asked"),
            "answers": Column("int", "answers behind the mean; NULL where not known", low=0),
        },
    ),
    Table(
        "comments",
        "themes of one open comment, never its text; optional, and only where the client allows it",
        ("comment_id",),
        {
            "comment_id": identifier("one comment"),
            "site_id": site(),
            "written_on": Column("date", "day it was written", required=True),
            "origin": Column("label", "where it was written (survey, work order …)"),
            "themes": Column("label", "themes whose words occur in it; none without one"),
            "first_coder": Column("label", "themes that one person saw; NULL where not coded"),
            "second_coder": Column("label", "themes that another person saw"),
        },
    ),
    Table(
        "invitations",
        "questionnaires sent: site x month x channel",
        ("site_id", "month", "channel"),
        {
            "site_id": site(),
            "month": Column("date", "first day of the month", required=True),
            "channel": Column("label", "how they were sent", required=True),
            "invited": Column("int", "questionnaires sent", required=True, low=0),
        },
    ),
    Table(
        "dispositions",
        "one invited household in one month's survey; optional, it allows response rates",
        ("invitation_id",),
        {
            "invitation_id": identifier("one invitation"),
            "site_id": site(),
            "household_id": Column("person", "household invited; NULL when anonymous"),
            "month": Column("date", "first day of the month", required=True),
            "channel": Column("label", "how it was invited"),
            "disposition": Column(
                "label", "final outcome of the invitation", required=True, labels=DISPOSITIONS
            ),
        },
    ),
    Table(
        "instruments",
        "one item of one version of one questionnaire",
        ("instrument", "item"),
        {
            "instrument": identifier("questionnaire and version"),
            "item": identifier("item"),
            "wording": Column("text", "the question as asked"),
            "dimension": Column("label", "what it is meant to measure"),
            "role": Column("label", "use of the item", required=True, labels=ITEM_ROLES),
            "scale_min": Column("number", "lowest possible score", required=True),
            "scale_max": Column("number", "highest possible score", required=True),
            "reversed": Column("bool", "whether ingest turned the codes round"),
            "satisfied_min": Column(
                "number", "lowest score that counts as satisfied; NULL takes the two best points"
            ),
        },
    ),
    Table(
        "tickets",
        "one work order",
        ("ticket_id",),
        {
            "ticket_id": identifier("work order"),
            "site_id": site(),
            "household_id": Column("person", "household; NULL for common areas"),
            "staff_id": Column("person", "employee in charge"),
            "kind": Column("label", "kind of request", labels=TICKET_KINDS),
            "category": Column("label", "subject, e.g. lift, noise, attitude"),
            "second_category": Column("label", "subject as a second coder saw it; NULL without"),
            "channel": Column("label", "how it was reported", labels=REPORTED_BY),
            "opened_at": Column("instant", "when it was reported", required=True),
            "first_response_at": Column("instant", "first reply by a person"),
            "due_at": Column("instant", "promised by"),
            "resolved_at": Column("instant", "solved; NULL while open"),
            "closed_at": Column(
                "instant", "closed after the customer confirmed; NULL while not, or not told apart"
            ),
            "paused_minutes": Column(
                "number",
                "time until it was solved in which the customer or material was waited for",
                low=0,
                unit="minutes",
            ),
            "reopened": Column("int", "times reopened", low=0),
            "rating": Column("number", "customer's rating, 1-5", low=1, high=5),
        },
    ),
    Table(
        "ticket_counts",
        "requests of one kind: site x month x kind, months without any as 0; instead of tickets",
        ("site_id", "month", "kind"),
        {
            "site_id": site(),
            "month": Column("date", "first day of the month", required=True),
            "kind": Column("label", "what was asked", labels=TICKET_KINDS, required=True),
            "tickets": Column("int", "requests reported in the month", required=True, low=0),
        },
    ),
    Table(
        "fees",
        "site x month",
        ("site_id", "month"),
        {
            "site_id": site(),
            "month": Column("date", "first day of the month", required=True),
            "receivable": Column("number", "due in the month", required=True, unit="CNY"),
            "waived": Column("number", "waived", unit="CNY"),
            "collected": Column("number", "received for the month", required=True, unit="CNY"),
            "collected_quality": Column(
                "number",
                "of what was received, from quality customers by the client's rule; NULL without",
                unit="CNY",
            ),
        },
    ),
    Table(
        "reply_reports",
        "one customer's answer on how long the reply to a request took; optional, it allows the "
        "ticket log to be held against what customers say",
        ("report_id",),
        {
            "report_id": identifier("one customer asked"),
            "site_id": site(),
            "answered_at": Column("instant", "when it was answered", required=True),
            "over_24h": Column(
                "bool", "whether the reply took over 24 hours; NULL where nothing was requested"
            ),
        },
    ),
    Table(
        "contracts",
        "one contract due",
        ("contract_id",),
        {
            "contract_id": identifier("contract"),
            "site_id": site(),
            "household_id": Column("person", "household that signed; NULL for other contracts"),
            "term_months": Column("int", "months that it runs", low=1, unit="months"),
            "due_on": Column("date", "last day of the term", required=True),
            "renewed": Column("bool", "whether renewed; NULL while open"),
        },
    ),
)
