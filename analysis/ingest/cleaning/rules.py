"""The rules a cell can break, and the names under which conversions are counted."""

from __future__ import annotations

from collections.abc import Mapping

RULES: Mapping[str, tuple[str, str]] = {
    "value_pending": ("The value is not final, or the formula failed.", "the value, or empty"),
    "out_of_range": ("The value lies outside {expected}.", "a value inside the range"),
    "date_unreadable": ("This is not a date in a known spelling.", "2024-03-05"),
    "date_impossible": ("There is no such day or time.", "2024-02-29"),
    "quarter_undeclared": (
        "This is a quarter; by which of its months it is recorded is not declared.",
        "2024-03, or quarter: last declared",
    ),
    "month_digit_lost": (
        "2024.1 may be January, or October that lost its zero.",
        "2024-01; or format: '%Y.%m' declared, where it is January",
    ),
    "date_zero": ("A date of zeros is no date.", "2024-03-05, or empty"),
    "date_year_missing": ("The date has no year.", "2024年3月5日, or year: 2024 declared"),
    "month_number": (
        "This is not the number of a month, counted from {expected}.",
        "1 for the first month, 2 for the next",
    ),
    "date_order_undeclared": (
        "Day, month and year can be read in more than one order.",
        "2024-03-05, or order: dmy declared",
    ),
    "date_format": ("The date does not have the declared format {expected}.", "as declared"),
    "serial_out_of_range": (
        "The number is no plausible serial number of a day.",
        "45356 (2024-03-05)",
    ),
    "zone_undeclared": (
        "The instant has an offset; which day that is here needs the zone.",
        "zone: Asia/Shanghai declared",
    ),
    "time_missing": ("The time of day is missing.", "2024-03-05 09:08, or date_only: midnight"),
    "time_twelve": (
        "Twelve o'clock of this half of the day may be noon or midnight.",
        "00:05 or 12:05; or twelve: midnight declared",
    ),
    "time_nonexistent": ("The clock change skipped this time.", "a time that existed"),
    "time_ambiguous": ("The clock change repeated this time.", "ambiguous: first declared"),
    "number_unreadable": ("This is not a number in a known spelling.", "1234.50"),
    "number_approximate": ("The number is approximate.", "30, or approximate: true declared"),
    "number_unit": (
        "The number carries an undeclared unit.",
        "85, or units: [{expected}] declared",
    ),
    "number_out_of": (
        "4/5 may be four points out of five, a share or a date.",
        "4; or pattern: '^([\\d.]+)/{expected}$' declared, where the first number is meant",
    ),
    "turned_to_date": (
        "The cell is a date: a spreadsheet program makes one of 3-4 or 3/4.",
        "the column set to text before it is filled or opened, so that 3-4 stays 3-4",
    ),
    "number_scientific": (
        "The number was shortened to scientific notation and lost digits.",
        "the column shown as numbers before it is exported: 123456",
    ),
    "number_percent": ("A percentage stands where a number is declared.", "85, or kind: share"),
    "not_whole": ("The number is not whole.", "3"),
    "share_unit_undeclared": (
        "Whether the number is per cent or a share is not declared.",
        "85%; or declared: unit: share where 1 means 100 %, unit: percent where 100 does",
    ),
    "share_unit_doubtful": (
        "The value may be a share (1 for 100 %), but per cent is declared.",
        "85 or 85%; or unit: share where 1 means 100 %",
    ),
    "bool_unknown": ("This is neither yes nor no.", "是 or 否"),
    "label_unknown": ("The label is not in the declared list.", "{expected}"),
    "label_undeclared": (
        "A number and words stand in one cell; which of them is the score is not declared.",
        "labels: {{{expected}: 5}} declared with its value, "
        "or pattern: '^\\D*(\\d+(?:\\.\\d+)?)[^\\d半]*$' for the number",
    ),
    "label_contradicts": (
        "The numbers beside the labels follow the declared values neither up nor down.",
        "labels with their right values, "
        "or pattern: '^\\D*(\\d+(?:\\.\\d+)?)[^\\d半]*$' if the number is the score",
    ),
    "id_scientific": (
        "A long number was damaged into scientific notation.",
        "a new export from the system it came from; or $row in place of the number",
    ),
    "id_zeros_lost": (
        "The number may have lost the zeros in front of it: others of this column have them.",
        "00123; or width: {expected} declared (width: 1 where it is another identifier)",
    ),
    "id_precision_lost": (
        "A number this long lost its last digits in the spreadsheet.",
        "a new export from the system it came from; or $row in place of the number",
    ),
    "id_unreadable": ("The cell has a type that cannot be an identifier.", "A0012"),
    "person_masked": ("The person is masked and cannot be told from others.", "the full value"),
    "text_type": ("The cell has a type that cannot be text.", "text"),
    "duration_unit_undeclared": (
        "The unit of the duration is not declared.",
        "123秒, or unit: seconds declared",
    ),
    "duration_clock": (
        "1:30 may be hours and minutes, or minutes and seconds.",
        "1:30:00, 1小时30分 or 1分30秒",
    ),
    "duration_negative": ("A duration cannot be negative.", "0 or more"),
    "duration_unreadable": ("This is not a duration in a known spelling.", "2分钟3秒"),
}
"""Rule id → (English sentence, correct example); ``{expected}`` comes from the fault."""

CONVERSIONS: Mapping[str, str] = {
    "missing_blank": "empty cells",
    "missing_marker": "markers of no value (—, N/A …)",
    "missing_code": "declared codes of no value",
    "pending_as_null": "pending values and failed formulas taken as missing",
    "spaces_removed": "outer or inner spaces and invisible characters removed",
    "full_width_folded": "full-width characters folded",
    "apostrophe_removed": "leading apostrophes removed",
    "text_formula_unwrapped": 'cells like ="00123" unwrapped',
    "chinese_date": "dates written with 年月日",
    "slash_date": "dates written with slashes",
    "dot_date": "dates written with dots",
    "compact_date": "dates written as 20240305",
    "two_digit_year": "two-digit years completed",
    "year_supplied": "dates without a year completed by the declared year",
    "month_counted": "numbers counted as months from the declared first one",
    "declared_order": "dates read in the declared order",
    "declared_format": "dates read in the declared format",
    "serial_number": "serial numbers read as dates",
    "chinese_clock": "times written with 上午, 下午, 时, 分",
    "twelve_hour_clock": "times written with AM, PM",
    "hour_24": "24:00 read as the next midnight",
    "utc_instant": "instants with an offset of their own",
    "localised": "local times given the client's zone",
    "declared_twelve": "twelve o'clock of a half of the day read as declared",
    "repeated_hour": "times in a repeated hour read as declared",
    "time_as_midnight": "dates without a time taken as midnight",
    "time_dropped": "times of day dropped from dates",
    "quarter_as_month": "quarters recorded by one of their months",
    "date_to_month": "dates reduced to their month",
    "thousands_separator": "thousands separators removed",
    "currency_sign": "currency signs and words removed",
    "yuan_word": "amounts that say 元 themselves",
    "chinese_multiplier": "万, 千, 亿 multiplied out",
    "chinese_numeral": "Chinese numerals read",
    "unit_removed": "declared units removed",
    "accounting_negative": "numbers in brackets read as negative",
    "approximate": "approximate numbers taken as they stand",
    "scientific_number": "scientific notation read as a number",
    "percent_sign": "percentages divided by 100",
    "percent_declared": "numbers declared as per cent divided by 100",
    "label_mapped": "labels replaced by their declared value",
    "number_before_label": "scores written as a number and words",
    "label_with_number": "labels with their own number beside them",
    "label_over_number": "labels taken where another number stands beside them",
    "reversed": "codes turned round",
    "bool_word": "words and signs read as yes or no",
    "number_as_id": "numbers read as identifiers",
    "zero_padded": "identifiers padded with zeros",
    "case_folded": "letters turned to one case",
    "remark_removed": "remarks in brackets taken off names",
    "phone_normalised": "phone numbers brought to one spelling",
    "person_masked_as_null": "masked persons taken as missing",
    "number_as_text": "numbers read as text",
    "duration_spelled": "durations written with units or colons",
    "duration_converted": "durations brought to the declared unit",
}
"""Conversion name → what is counted, in English."""
