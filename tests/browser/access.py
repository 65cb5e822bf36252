"""What tests of accessibility ask a page: axe-core's findings, names for screen readers, contrast, focus."""

from pathlib import Path

# Texts in a drawing: axe would look at thousands, and cannot tell what they stand on. The palette has a test.
_LEFT_OUT = (".main-svg > *", "[id^=bertviz-] svg > *")
CONTRAST = """
const element = arguments[0];
const channels = (text) => text.match(/[\\d.]+/g).map(Number);
const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
  .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
let behind = element, back = [255, 255, 255, 1];
for (; behind; behind = behind.parentElement) {
  const colour = channels(getComputedStyle(behind).backgroundColor);
  if (colour.length === 3 || colour[3] === 1) { back = colour; break; }
}
const pair = [light(channels(getComputedStyle(element).color)), light(back)].sort((a, b) => a - b);
return (pair[1] + 0.05) / (pair[0] + 0.05);
"""


def violations(driver, scheme="light", only=None):
    """axe-core's serious and critical findings, and how many rules it found kept.

    scheme: "light" or "dark". only: the rules to look at; all when left out.
    """
    import axe_core_python

    in_scheme(driver, scheme)
    driver.execute_script(Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8"))
    result = driver.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        # Two of bertviz's views have the same ids inside; each control has a label of its own. WCAG 2.2 has
        # dropped the rule, and so has axe-core since this version.
        "const rules = {'duplicate-id-active': {enabled: false}};"
        "const [leftOut, only] = arguments;"
        "axe.run({exclude: leftOut.map((selector) => [selector])},"
        "{preload: false, ...(only ? {runOnly: only} : {rules})})"
        ".then(done, (error) => done({error: `${error}`}))",
        _LEFT_OUT,
        only,
    )
    assert "error" not in result, result
    found = [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
        for rule in result["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
    return found, len(result["passes"])


def in_scheme(driver, scheme):
    """Let the page believe that its reader prefers "light" or "dark"."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def contrast(driver, element):
    """WCAG's contrast of an element's text with what it stands on."""
    return driver.execute_script(CONTRAST, element)


def announced(driver):
    """The page as a screen reader gets it: [(role, name, {property: value}), ...]"""
    driver.execute_cdp_cmd("Accessibility.enable", {})
    nodes = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    driver.execute_cdp_cmd("Accessibility.disable", {})
    return [
        (
            node.get("role", {}).get("value", ""),
            node.get("name", {}).get("value", ""),
            {entry["name"]: entry["value"].get("value") for entry in node.get("properties", [])},
        )
        for node in nodes
        if not node.get("ignored")
    ]


def press(driver, *keys):
    """Press keys one after the other, wherever the focus is."""
    from selenium.webdriver.common.action_chains import ActionChains

    for key in keys:
        ActionChains(driver).send_keys(key).perform()
