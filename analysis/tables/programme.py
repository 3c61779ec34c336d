"""Tables of sites, staff and training: who was trained, how it was taken, what came of it."""

from analysis.tables.columns import Column, Table, identifier, site

RATER_ROLES = (
    "self",
    "supervisor",
    "peer",
    "subordinate",
    "customer",
    "mystery_shopper",
    "expert",
)

ATTRIBUTING_ROLES = ("participant", "supervisor", "manager", "customer", "expert")

_ATTEMPT = {
    "staff_id": Column("person", "employee", required=True, refers="staff"),
    "module": Column("label", "course module", required=True),
    "occasion": Column(
        "label", "when", required=True, labels=("pre", "post", "retest", "follow_up")
    ),
    "form": Column(
        "label",
        "how",
        required=True,
        labels=("written", "practical", "role_play", "system"),
    ),
    "attempt": Column("int", "1 for the first attempt", required=True, low=1),
}
"""What names one attempt at one test."""

TABLES = (
    Table(
        "sites",
        "one managed project (项目)",
        ("site_id",),
        {
            "site_id": identifier("managed project"),
            "site_name": Column("label", "name shown in reports", required=True),
            "region": Column("label", "region or district (片区)"),
            "property_type": Column(
                "label", "kind of property", labels=("villa", "high_end", "ordinary", "old")
            ),
            "households": Column("int", "households served", low=1, unit="households"),
            "crm_go_live": Column("date", "first day the CRM system was used"),
        },
    ),
    Table(
        "staff",
        "one employee",
        ("staff_id",),
        {
            "staff_id": Column("person", "employee", required=True),
            "site_id": site(required=False),
            "role": Column("label", "post, e.g. steward (管家)"),
            "tier": Column("label", "layer", labels=("frontline", "middle", "senior")),
            "hired_on": Column("date", "first working day"),
            "left_on": Column("date", "last working day; NULL while employed"),
            "age_band": Column("label", "band of age, never a birth date"),
            "education_band": Column("label", "band of education"),
        },
    ),
    Table(
        "waves",
        "one site in one training wave; wave 0 is a site never trained",
        ("site_id", "wave"),
        {
            "site_id": site(),
            "wave": Column("int", "number of the wave, 0 for never trained", required=True, low=0),
            "arm": Column("label", "planned arm", required=True, labels=("treated", "comparison")),
            "planned_start": Column("date", "first training day planned"),
            "actual_start": Column("date", "first training day held"),
            "assigned_by": Column(
                "label",
                "who or what decided the wave",
                labels=("randomised", "management", "volunteered", "unknown"),
            ),
        },
    ),
    Table(
        "enrolments",
        "one employee in one session of one module",
        ("staff_id", "module", "session"),
        {
            "staff_id": Column("person", "employee", required=True, refers="staff"),
            "module": Column("label", "course module", required=True),
            "session": Column("label", "session or class", required=True),
            "mode": Column("label", "delivery", labels=("classroom", "online", "simulation")),
            "lecturer_id": Column("person", "lecturer"),
            "held_on": Column("date", "day of the session"),
            "hours": Column("number", "hours of the session", low=0, unit="hours"),
            "attended": Column("bool", "whether the employee came"),
            "completion": Column("share", "share completed", low=0, high=1),
            "completed_on": Column("date", "day it was completed, with make-ups"),
        },
    ),
    Table(
        "lecturers",
        "one lecturer; optional, it allows what is asked of lecturers to be checked",
        ("lecturer_id",),
        {
            "lecturer_id": Column("person", "lecturer", required=True),
            "origin": Column(
                "label",
                "employed, bought in, or of the makers of the system",
                labels=("internal", "external", "technical"),
            ),
            "service_years": Column("number", "years in the field", low=0, unit="years"),
            "certified": Column("bool", "whether the lecturers' test is passed"),
            "certified_on": Column("date", "day of the certificate"),
        },
    ),
    Table(
        "reactions",
        "one answer to one item of a course questionnaire",
        ("response_id", "item"),
        {
            "response_id": identifier("one filled questionnaire"),
            "item": identifier("item of the instrument"),
            "instrument": identifier("questionnaire and version", refers="instruments"),
            "staff_id": Column("person", "respondent; NULL when anonymous"),
            "module": Column("label", "course module"),
            "session": Column("label", "session or class"),
            "lecturer_id": Column("person", "lecturer"),
            "answered_on": Column("date", "day of the answer"),
            "score": Column("number", "answer on the declared scale, more is better"),
        },
    ),
    Table(
        "assessments",
        "one assessed attempt",
        tuple(_ATTEMPT),
        {
            **_ATTEMPT,
            "assessed_on": Column("date", "day of the attempt"),
            "score": Column("number", "points", low=0, high=100, unit="points"),
            "assessor_id": Column("person", "assessor"),
        },
    ),
    Table(
        "test_answers",
        "points of one person for one item of one assessed attempt",
        (*_ATTEMPT, "item"),
        {
            **_ATTEMPT,
            "item": identifier("item of the test"),
            "version": Column("label", "version of the test"),
            "answered_on": Column("date", "day of the attempt"),
            "score": Column("number", "points; NULL where left blank", low=0, unit="points"),
            "full_score": Column(
                "number", "full points of the item", required=True, low=0, unit="points"
            ),
        },
    ),
    Table(
        "task_scores",
        "points of one assessor for one criterion of one practical task; optional, it allows "
        "reports, simulations, tools and recordings to be scored by several assessors",
        ("staff_id", "task", "occasion", "assessor_id", "item"),
        {
            "staff_id": Column("person", "employee", required=True, refers="staff"),
            "task": Column("label", "the task; its criteria count together", required=True),
            "kind": Column(
                "label",
                "what was scored",
                required=True,
                labels=("report", "simulation", "tool", "recording"),
            ),
            "occasion": Column(
                "label", "when", required=True, labels=("pre", "post", "retest", "follow_up")
            ),
            "assessor_id": Column("person", "assessor", required=True),
            "item": identifier("criterion of the scoring sheet; of tools, the tool"),
            "scored_on": Column("date", "day of the score"),
            "score": Column("number", "points; NULL where left blank", low=0, unit="points"),
            "full_score": Column(
                "number", "full points of the criterion", required=True, low=0, unit="points"
            ),
            "pass_score": Column(
                "number", "points from which it is mastered", low=0, unit="points"
            ),
            "blinded": Column("bool", "whether the assessor did not know before from after"),
            "video_consent": Column(
                "bool", "whether the person agreed to be filmed; NULL where not recorded"
            ),
        },
    ),
    Table(
        "needs_asked",
        "one employee asked for training needs in one way; optional, it allows the needs survey "
        "to be held to its sample and return",
        ("staff_id", "way", "asked_on"),
        {
            "staff_id": Column("person", "employee", required=True, refers="staff"),
            "way": Column(
                "label",
                "how",
                required=True,
                labels=("questionnaire", "focus_group", "interview"),
            ),
            "asked_on": Column("date", "day of the invitation", required=True),
            "answered_on": Column("date", "day of the answer; NULL where there is none"),
        },
    ),
    Table(
        "ratings",
        "one rated item of behaviour",
        ("rating_id", "item"),
        {
            "rating_id": identifier("one filled rating sheet"),
            "item": identifier("item of the instrument"),
            "instrument": identifier("rating instrument and version", refers="instruments"),
            "ratee_id": Column("person", "employee rated; NULL when the site is rated"),
            "site_id": site(),
            "rater_id": Column("person", "rater; NULL when anonymous"),
            "rater_role": Column("label", "role of the rater", required=True, labels=RATER_ROLES),
            "occasion": Column(
                "label",
                "announced appraisal or spot check; NULL follows from the role",
                labels=("regular", "spot"),
            ),
            "rated_on": Column("date", "day of the rating"),
            "score": Column("number", "rating on the declared scale, more is better"),
        },
    ),
    Table(
        "skill_use",
        "one entry on one skill of one employee; optional, it allows use at work to be counted",
        ("staff_id", "seen_on", "skill", "seen_by"),
        {
            "staff_id": Column("person", "employee", required=True, refers="staff"),
            "seen_on": Column("date", "day of the entry", required=True),
            "skill": Column(
                "label", "skill: a course module, or a behaviour it is to change", required=True
            ),
            "seen_by": Column(
                "label", "who says so; self for a diary", required=True, labels=RATER_ROLES
            ),
            "times": Column("int", "times used; 0 where it was looked for and not seen", low=0),
            "days": Column("int", "days the entry covers, 7 for a week's diary", low=1),
        },
    ),
    Table(
        "coaching",
        "one talk or reminder given at work; optional, it allows coaching to be counted",
        ("coaching_id",),
        {
            "coaching_id": identifier("talk or reminder"),
            "staff_id": Column("person", "employee", required=True, refers="staff"),
            "held_on": Column("date", "day it was given", required=True),
            "kind": Column(
                "label",
                "what it was",
                labels=("coaching", "demonstration", "feedback", "reminder"),
            ),
            "skill": Column("label", "skill it was about"),
            "coach_id": Column("person", "who gave it"),
            "minutes": Column("number", "length", low=0, unit="minutes"),
        },
    ),
    Table(
        "attributions",
        "what one person asked puts down to the training, of one improvement; optional: opinion",
        ("respondent_id", "refers_to"),
        {
            "respondent_id": Column("person", "who was asked", required=True),
            "refers_to": Column(
                "label", "improvement: an indicator of the registry, or in words", required=True
            ),
            "respondent_role": Column(
                "label", "role towards the training", required=True, labels=ATTRIBUTING_ROLES
            ),
            "site_id": site(required=False),
            "answered_on": Column("date", "day they were asked"),
            "improvement": Column(
                "number", "yearly worth of the improvement as stated", low=0, unit="CNY"
            ),
            "estimate": Column(
                "share", "share caused by the training; NULL without an answer", low=0, high=1
            ),
            "confidence": Column(
                "share", "how sure they are; NULL without an answer", low=0, high=1
            ),
        },
    ),
)

OF_TRAINING = (
    "waves",
    "enrolments",
    "lecturers",
    "reactions",
    "assessments",
    "test_answers",
    "task_scores",
    "needs_asked",
    "costs",
    "attributions",
)
"""Tables that only the evaluation of a training uses."""
