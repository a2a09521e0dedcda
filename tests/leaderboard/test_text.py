import pytest

from leaderboard import text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0000042, "4.20 µs"),
        (0.00099949, "999 µs"),
        (0.0009999, "1.00 ms"),
        (0.0421, "42.1 ms"),
        (0.42, "420 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (9.996, "10.0 s"),
        (99.96, "100 s"),
        (1234.5, "1,234 s"),
    ],
)
def test_seconds_have_three_digits_and_never_a_thousand_of_the_smaller_unit(value: float, shown: str) -> None:
    assert text.seconds(value) == shown


def test_signed_uses_a_minus_sign_and_gives_zero_none() -> None:
    assert [text.signed(value) for value in (0.1234, -0.1234, 0.0004, -0.0004, 0.0)] == [
        "+0.123",
        "\N{MINUS SIGN}0.123",
        "0.000",
        "0.000",
        "0.000",
    ]


def test_small_p_values_are_not_rounded_to_zero() -> None:
    assert text.p_value(0.0001) == "p < 0.001"
    assert text.p_value(0.0421) == "p = 0.042"


def test_interval_has_three_decimals_at_both_ends() -> None:
    assert text.interval((0.5121, 0.64)) == "[0.512, 0.640]"


def test_mebibytes_and_counts() -> None:
    assert [text.mebibytes(size * 2**20) for size in (3, 513, 15000)] == ["3.0", "513", "15,000"]
    assert [text.percent(share) for share in (1.0, 0.99999, 0.9234, 0.0)] == ["100%", "99.9%", "92.3%", "0.0%"]
    assert [text.count(value) for value in (2.0, 2.44, 1650.6)] == ["2", "2.4", "1,651"]
