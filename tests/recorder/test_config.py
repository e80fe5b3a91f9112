"""The kernel's configuration: every option has its reason, and a kernel is held to them."""

from recorder.kernel.config import CONFIG, fragment, options, refused

TEXT = """# A heading
CONFIG_A=y              # a reason
# CONFIG_B is not set   # another
CONFIG_C=y              # 6.12: for that kernel alone
CONFIG_D="text"         # a string
"""


def test_options_are_those_of_the_series():
    assert options(TEXT, "6.12") == {"CONFIG_A": "y", "CONFIG_B": "n", "CONFIG_C": "y", "CONFIG_D": '"text"'}
    assert "CONFIG_C" not in options(TEXT, "6.1")


def test_kconfig_reads_them_without_their_reasons():
    wanted = options(TEXT, "6.1")
    assert fragment(wanted) == 'CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_D="text"\n'
    assert options(fragment(wanted), "6.1") == wanted


def test_what_a_kernel_did_not_take_is_named():
    wanted = {"CONFIG_A": "y", "CONFIG_B": "n", "CONFIG_C": "7"}
    assert refused(wanted, {"CONFIG_A": "y", "CONFIG_C": "8"}) == ["CONFIG_C"]
    assert refused(wanted, {"CONFIG_B": "y", "CONFIG_C": "7"}) == ["CONFIG_A", "CONFIG_B"]


def test_every_option_of_the_recorder_is_understood():
    lines = [line for line in CONFIG.read_text().splitlines() if "CONFIG_" in line and "not set" not in line]
    found = options(CONFIG.read_text(), "6.12") | options(CONFIG.read_text(), "6.1")
    assert all(line.split("=")[0] in found for line in lines)
    assert found["CONFIG_RANDOMIZE_BASE"] == "n"
