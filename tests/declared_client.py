"""A small client that declares an outcome of every kind, with goal, price and alert line."""

from __future__ import annotations

import copy
from typing import Any

OUTCOMES: dict[str, dict[str, Any]] = {
    "attitude": {
        "of": "dimension",
        "dimension": "态度",
        "title": {"zh_CN": "服务态度", "en": "Attitude"},
    },
    "handled": {
        "of": "item",
        "item": "q4",
        "statistic": "satisfied",
        "title": {"zh_CN": "对处理结果满意的占比", "en": "Satisfied with what was done"},
        "alert": {"value": 0.995, "min_n": 8},
    },
    "boss_rating": {
        "of": "rating",
        "rater_role": "supervisor",
        "dimension": "服务主动性",
        "title": {
            "zh_CN": "上级对服务主动性的评分",
            "en": "Initiative as supervisors rate it",
        },
    },
    "stars": {
        "of": "ticket_rating",
        "title": {"zh_CN": "工单星级", "en": "Star rating of work orders"},
    },
    "in_time": {
        "of": "on_time",
        "kinds": ["repair", "complaint"],
        "title": {"zh_CN": "按时办结率", "en": "Resolved by the promised time"},
    },
    "active": {
        "of": "crm_usage",
        "measure": "active_share",
        "title": {"zh_CN": "活跃账号占比"},
    },
    "kept_points": {
        "of": "test",
        "occasion": "follow_up",
        "statistic": "retained",
        "title": {"zh_CN": "回访测试保持率", "en": "Points retained at the follow-up"},
    },
}


def declare(document: dict[str, Any]) -> None:
    """Add the outcomes to a parsed client file, with a goal and a price."""
    document["outcomes"] = copy.deepcopy(OUTCOMES)
    goal = {"indicator": "in_time", "target": 0.05, "unit": "points", "deadline": "2025-03-31"}
    document["goals"].append(goal)
    document["value"]["benefits"].append({"indicator": "in_time", "money_per_unit": 900})
    document["instruments"]["csat_v1"]["satisfied"] = [3, 5]
