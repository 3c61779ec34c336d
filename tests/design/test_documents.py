"""The register of documents against those the requirements name, by hand."""

import datetime as dt

import pandas as pd

from analysis.design import assess_documents
from analysis.standards import course


def register(*rows):
    columns = ["title", "version", "issued_on", "approved_by", "approved_on"]
    return pd.DataFrame(rows, columns=columns)


def day(month):
    return dt.date(2024, month, 1)


def test_newest_version_counts_and_what_is_missing_is_told():
    found = assess_documents(
        register(
            ("《课程体系设计方案》", "V2", day(5), None, None),
            ("课程体系设计方案", "V1", day(2), "总监", day(3)),
            ("应急预案手册", "V1", day(1), "总监", day(1)),
            ("值班表", "1", None, None, None),
        )
    )
    table = found.table("documents").set_index("title")
    plan = table.loc["课程体系设计方案"]
    assert (plan["versions"], plan["version"], plan["state"]) == (2, "V2", "waiting")
    assert table.loc["应急预案手册", "state"] == "approved"
    assert table.loc["年度培训预算方案", "state"] == "absent"
    assert table.loc["应急处理报告", "state"] == "not_arisen"
    assert table.loc["值班表", "document"] == ""
    (check,) = found.checks
    assert (check.status, check.value) == ("caution", 4.0)
    assert check.params == {"absent": 3, "waiting": 1, "needed": 5}


def test_all_that_is_needed_approved_passes():
    always = [named.title for named in course().documents.values() if named.always]
    rows = [(title, "V1", day(1), "总监", day(2)) for title in always]
    (check,) = assess_documents(register(*rows)).checks
    assert check.status == "passed"


def test_without_a_register_nothing_is_judged():
    (check,) = assess_documents(None).checks
    assert (check.status, check.reason) == ("not_possible", "planning.documents.none")
