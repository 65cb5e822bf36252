"""The views: what bertviz itself would be given, small, harmless, with a twin, libraries once a notebook."""

import base64
import html
import html.parser
import json
import re
import sys
import zlib
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

import labkit
from labkit.measures import attention
from labkit.messages import LabkitError
from labkit.plotting import views
from labkit.plotting.views import libraries, packing

TEXT = "The river bank was flooding, so we ran home."
NASTY = 'Say </script><script>alert(1)</script> & "quotes" <!-- it\'s -->'
KINDS = {"head": views.head_view, "model": views.model_view, "neuron": views.neuron_view}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)
EVERY_MODEL = pytest.mark.parametrize("model", ["bert", "gpt"], indirect=True)

needs_scripts = pytest.mark.skipif(
    bool(libraries.missing()), reason=f"pip install {' '.join(libraries.missing())}"
)
pytestmark = needs_scripts


@pytest.fixture(scope="module")
def models():
    return {name: labkit.load(name) for name in ("bert", "gpt")}


@pytest.fixture
def model(models, request):
    return models[request.param]


@pytest.fixture(autouse=True)
def new_kernel(monkeypatch):
    monkeypatch.setattr(libraries, "_home", None)


def job(view):
    """(kind, root, packed) as the page's script gets it."""
    return json.loads(re.search(r"\}\)\((\[.*\])\);\n</script>", view.html)[1])


def unpacked(text):
    """The parameters as draw.js makes them of the packed text."""
    data = zlib.decompress(base64.b64decode(text))
    at = 4 + int.from_bytes(data[:4], "little")
    header = data[4:at]

    def numbers(value):
        nonlocal at
        if "numbers" not in value:
            return value
        shape = value["shape"]
        count = int(np.prod(shape))
        if value["numbers"] == "weights":
            low, high = np.frombuffer(data, np.uint8, 2 * count, at).reshape(2, count).astype(int)
            at += 2 * count
            return ((low + 256 * high) / 1000).reshape(shape)
        steps = np.frombuffer(data, np.int8, count, at).reshape(*shape[:2], -1)
        at += count
        return (steps * np.array(value["scales"]).reshape(*shape[:2], 1)).reshape(shape)

    found = json.loads(header, object_hook=numbers)
    assert at == len(data)
    return found


# What the scripts are given


@EVERY_MODEL
def test_head_and_model_view_get_what_bertviz_would_give_them(model):
    bertviz = pytest.importorskip("bertviz")
    maps, names = attention.attention_maps(model, TEXT), attention.tokens(model, TEXT)
    for kind, theirs in (("head", bertviz.head_view), ("model", bertviz.model_view)):
        script = theirs(list(maps[:, None]), list(names), html_action="return").data
        expected = json.loads(re.search(r"const params = (\{.*\}); // HACK", script)[1])
        got = unpacked(job(KINDS[kind](model, TEXT))[2])
        assert set(got) == set(expected)
        (mine,), (real,) = got.pop("attention"), expected.pop("attention")
        assert np.abs(mine["attn"] - np.array(real["attn"])).max() < 0.00051, "rounded to 3 digits"
        assert [mine[side] for side in ("left_text", "right_text")] == [real["left_text"], real["right_text"]]
        assert got.pop("root_div_id") != expected.pop("root_div_id")
        if kind == "model":  # where each thumbnail's size comes from, and the theme
            assert (got.pop("total_heads"), expected.pop("total_heads")) == (8, 4)
            assert got.pop("display_mode") == "light" and expected.pop("display_mode")
        else:
            assert (got.pop("layer"), expected.pop("layer")) == (0, None)  # its script takes None for 0
            assert (got.pop("heads"), expected.pop("heads")) == ([0, 1, 2, 3], None)  # and None for all
        assert got == expected


@EVERY_MODEL
def test_neuron_view_gets_what_bertviz_own_model_classes_compute(model):
    pytest.importorskip("boto3")
    from bertviz import neuron_view, transformers_neuron_view

    config = model.network.config
    if model.kind == "encoder":
        kind, theirs = "bert", transformers_neuron_view.BertModel
        settings = transformers_neuron_view.BertConfig(
            vocab_size_or_config_json_file=config.vocab_size,
            hidden_size=config.hidden_size,
            num_hidden_layers=config.num_hidden_layers,
            num_attention_heads=config.num_attention_heads,
            intermediate_size=config.intermediate_size,
            max_position_embeddings=config.max_position_embeddings,
            layer_norm_eps=config.layer_norm_eps,
        )
        weights = model.network.bert.state_dict()
    else:
        kind, theirs = "gpt2", transformers_neuron_view.GPT2Model
        settings = transformers_neuron_view.GPT2Config(
            vocab_size_or_config_json_file=config.vocab_size,
            n_positions=config.n_positions,
            n_ctx=config.n_positions,
            n_embd=config.n_embd,
            n_layer=config.n_layer,
            n_head=config.n_head,
        )
        weights = model.network.transformer.state_dict()
    settings.output_attentions = True
    network = theirs(settings).eval()
    network.load_state_dict(weights, strict=False)
    with torch.no_grad():
        real = neuron_view.get_attention(network, kind, model.tokenizer, TEXT, include_queries_and_keys=True)[
            "all"
        ]
    queries, keys = attention.queries_and_keys(model, TEXT)
    for mine, name in ((queries, "queries"), (keys, "keys"), (attention.attention_maps(model, TEXT), "attn")):
        assert np.abs(mine.numpy() - np.array(real[name])).max() < 1e-4, name
    got = unpacked(job(views.neuron_view(model, TEXT, 1, 2))[2])
    assert set(got) == {
        "attention",
        "default_filter",
        "root_div_id",
        "bidirectional",
        "display_mode",
        "layer",
        "head",
    }
    assert (got["layer"], got["head"], got["bidirectional"]) == (1, 2, model.kind == "encoder")
    packed = got["attention"]["all"]
    assert set(packed) == set(real)
    for name in ("queries", "keys"):
        true = np.array(real[name])
        largest = np.abs(true).max(axis=(-2, -1), keepdims=True)
        assert (np.abs(packed[name] - true) <= largest / packing.VECTOR_STEPS * 0.51).all()


# Size


def test_a_view_of_32_tokens_costs_under_100_kb_in_the_file(models):
    for model in models.values():
        text = "The old man " + "sat in the garden and read " * 6
        while len(attention.tokens(model, text)) > 32:
            text = text.rsplit(" ", 1)[0]
        assert len(attention.tokens(model, text)) in (31, 32)
        for make in KINDS.values():
            view = make(model, text)
            in_file = json.dumps({"text/html": view.html, "text/plain": view.summary})
            assert len(in_file) < 100_000, (make.__name__, len(in_file))


def test_the_libraries_cost_under_200_kb():
    assert 100_000 < len(libraries.html()) < 200_000


# What is on the page


class Tags(html.parser.HTMLParser):
    """Collects start tags, and the text inside script elements as a browser would divide it."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.scripts = [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.append(data)


@EVERY_MODEL
@EVERY_KIND
def test_a_sentence_cannot_break_out_of_the_script(model, kind):
    view = KINDS[kind](model, NASTY)
    page = Tags(view.html)
    assert [tag for tag, _ in page.tags].count("script") == 1 and len(page.scripts) == 1
    assert "alert" not in page.scripts[0]
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", job(view)[2])
    params = unpacked(job(view)[2])
    tokens = (params["attention"]["all"] if kind == "neuron" else params["attention"][0])["left_text"]
    assert tokens == attention.tokens(model, NASTY), "the words arrive as they are"
    (label,) = [attrs["aria-label"] for _, attrs in page.tags if "aria-label" in attrs and "role" in attrs]
    assert label == view.summary


@EVERY_KIND
def test_nothing_is_asked_of_other_machines(models, kind):
    view = KINDS[kind](models["bert"], TEXT)
    for source in (view.html, libraries.html()):
        assert not re.search(r"""(src|href)\s*=(?!["']data:)""", source) and "://" not in source


@EVERY_KIND
def test_every_view_has_a_twin_and_says_so_in_words(models, kind):
    view = KINDS[kind](models["gpt"], TEXT)
    assert isinstance(view.twin, labkit.plotting.LabFigure)
    assert view.twin.summary in view.summary == repr(view) and "gpt-mini" in view.summary
    (picture,) = [attrs for tag, attrs in Tags(view.html).tags if tag == "img"]
    assert picture["alt"] == view.twin.summary
    assert "Trust the notebook" in view.html, "the line for a reader without scripts"


def test_views_have_places_of_their_own(models):
    roots = {job(views.head_view(models["bert"], TEXT))[1] for _ in range(3)}
    assert len(roots) == 3


# The twin as a picture


def decoded(data_uri):
    return base64.b64decode(data_uri.split(",", 1)[1])


def pixels(png):
    """An indexed PNG file as colours, (rows, columns, 3), read with nothing but the standard library."""
    at, chunks = 8, {}
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        chunks[png[at + 4 : at + 8]] = png[at + 8 : at + 8 + size]
        assert zlib.crc32(png[at + 4 : at + 8 + size]) == int.from_bytes(
            png[at + 8 + size : at + 12 + size], "big"
        )
        at += 12 + size
    columns, rows = (int.from_bytes(chunks[b"IHDR"][k : k + 4], "big") for k in (0, 4))
    numbers = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(rows, columns + 1)[:, 1:]
    return np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)[numbers]


@pytest.mark.parametrize("text", [TEXT, NASTY, "a", "A sign \x01 of control & <b>", "word " * 120])
@pytest.mark.parametrize("kind", ["head", "model"])
def test_the_picture_is_well_formed_and_has_the_figures_cells_and_labels(models, kind, text):
    view = KINDS[kind](models["bert"], text)
    (picture,) = [attrs for tag, attrs in Tags(view.html).tags if tag == "img"]
    root = ElementTree.fromstring(decoded(picture["src"]))
    assert {root.get("width"), root.get("height")} == {picture["width"], picture["height"]}
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    figure = view.twin.figure
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        labels = [html.unescape(str(label)) for label in axis.ticktext]
        assert {label for label in labels if label.isprintable()} | {axis.title.text} <= texts
    (cells,) = root.iter("{http://www.w3.org/2000/svg}image")
    drawn = pixels(decoded(cells.get("href")))
    z = np.clip(figure.data[0].z.astype(int), 0, 100)
    assert drawn.shape == (*z.shape, 3)
    assert (drawn[z == 0] == 255).all()
    darkness = -drawn.astype(int).sum(axis=-1)
    order = np.argsort(z, axis=None)
    assert (np.diff(darkness.flatten()[order]) >= 0).all(), "the more attention, the darker"
    assert len(view.html) < 1_000_000


# Once a notebook


def displayed(monkeypatch, view):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **_: shown.append(thing))
    view._ipython_display_()
    return shown


@pytest.fixture
def in_cell(monkeypatch):
    """Call with a cell's id and code: from then on that cell is running."""

    def run(code, cell_id=None):
        metadata = {} if cell_id is None else {"cellId": cell_id}
        parent = {"metadata": metadata, "content": {"code": code}}
        shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda channel: parent))
        monkeypatch.setattr("IPython.get_ipython", lambda: shell)

    return run


@pytest.mark.parametrize("ids", [("a", "b"), (None, None)], ids=["with cell ids", "by the cells' code"])
def test_libraries_come_once_and_again_when_their_cell_runs_again(models, monkeypatch, in_cell, ids):
    view = views.head_view(models["bert"], TEXT)
    found = []
    for code, cell_id in (("first", ids[0]), ("second", ids[1]), ("first", ids[0]), ("second", ids[1])):
        in_cell(code, cell_id)
        (html,) = displayed(monkeypatch, view)
        assert html["text/plain"] == view.summary
        found.append("labkitViews.draw" in html["text/html"] and len(html["text/html"]) > 100_000)
    assert found == [True, False, True, False]


def test_a_cell_that_was_changed_keeps_its_libraries_where_the_front_end_names_cells(
    models, monkeypatch, in_cell
):
    view = views.head_view(models["bert"], TEXT)
    for code in ("view", "view of another text"):
        in_cell(code, "the same cell")
        assert len(displayed(monkeypatch, view)[0]["text/html"]) > 100_000


def test_on_colab_every_output_brings_them(models, monkeypatch, in_cell):
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace())
    for code in ("first", "second"):
        in_cell(code)
        shown = displayed(monkeypatch, views.head_view(models["bert"], TEXT))
        assert len(shown[0]["text/html"]) > 100_000


def test_load_puts_them_into_any_cell(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **_: shown.append(thing))
    views.load()
    assert shown[0]["text/html"] == libraries.html()


def test_without_bertviz_the_twin_remains_and_a_line_says_what_to_install(models, monkeypatch):
    monkeypatch.setitem(libraries.SCRIPTS, "head", ("bertviz", "no_such_package", "head_view.js"))
    view = views.head_view(models["bert"], TEXT)
    assert "%pip install bertviz" in view.html and "<script" not in view.html
    (html,) = displayed(monkeypatch, view)
    assert "<script" not in html["text/html"] and "<img" in html["text/html"]


def test_reading_the_scripts_imports_none_of_their_packages():
    import subprocess

    code = (
        "import sys; from labkit.plotting.views import libraries; libraries.html(); "
        "assert not {'bertviz', 'mpld3', 'boto3', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Plain messages


@EVERY_KIND
@pytest.mark.parametrize(("text", "message"), [("", "empty"), ("word " * 600, "at most 128"), (7, "string")])
def test_a_text_that_cannot_be_read(models, kind, text, message):
    with pytest.raises(LabkitError, match=message):
        KINDS[kind](models["bert"], text)


@EVERY_KIND
@pytest.mark.parametrize("text", ["a", "\U0001f600", "Die Bank und le fleuve: 河岸"])
def test_a_single_token_and_a_medley(models, kind, text):
    for model in models.values():
        assert unpacked(job(KINDS[kind](model, text))[2])


def test_what_is_not_there_or_no_model(models):
    bert = models["bert"]
    for call in (
        lambda: views.head_view(bert, TEXT, layer=4),
        lambda: views.head_view(bert, TEXT, heads=[0, 4]),
        lambda: views.neuron_view(bert, TEXT, 0, -1),
    ):
        with pytest.raises(LabkitError, match="bert-mini has (layer|head)s 0 to 3"):
            call()
    with pytest.raises(LabkitError, match="at least one head"):
        views.head_view(bert, TEXT, heads=[])
    for make in KINDS.values():
        with pytest.raises(LabkitError, match="labkit.load returns"):
            make(bert.network, TEXT)


def test_show_outside_a_notebook_prints_the_summary(models, capsys):
    view = views.model_view(models["bert"], TEXT)
    view.show()
    assert capsys.readouterr().out.strip() == view.summary
