"""Schema `screening`: answers for materials that nobody has measured."""

from dataclasses import replace

from sse_assets.materials.conductivity import ConductivityClass
from sse_assets.tables.columns import COMPOSITION_KEY, CONDUCTIVITY_CLASS, REASON_CODE
from sse_assets.tables.declaration import Table, choice, flag, integer, number, text
from sse_assets.tables.names import Purpose

_LOG = "log10(σ / (S/cm))"

_MATERIAL = text("material", "The material as it was named: a formula, or a file")
_SET = text("candidate_set", "File or folder of candidates that it stands in, or the pipeline's own set")
_ID = text("candidate_id", "Hash of its formula and its CIF")

CANDIDATES = Table(
    "screening.candidates",
    "One material that somebody considers to make.",
    (
        _SET,
        _ID,
        _MATERIAL,
        text("formula", "Its composition as it is given; empty for a CIF alone", optional=True),
        text("cif", "Its crystal, as CIF", optional=True),
        number("band_gap_ev", "Band gap, where its source states one", "eV", optional=True, at_least=0),
        number(
            "energy_above_hull_ev",
            "Energy above the convex hull for each atom, where its source states one",
            "eV",
            optional=True,
        ),
        text("reported_family", "Structural family, as its source names it", optional=True),
    ),
    key=("candidate_set", "candidate_id"),
)

DATABASE_CANDIDATES = replace(
    CANDIDATES,
    name="screening.database_candidates",
    meaning="One crystal with Li that a database was asked for.",
)

ANSWERS = Table(
    "screening.answers",
    "The answer for one material: a prediction with its evidence, or the reason why there is none.",
    (
        _MATERIAL,
        text("formula", "Its composition; empty if it could not be read", optional=True),
        COMPOSITION_KEY.but(optional=True),
        number("log10_sigma", f"Predicted conductivity at room temperature, {_LOG}", optional=True),
        number("sigma_s_cm", "The same", "S/cm", optional=True, above=0),
        number("sigma_ms_cm", "The same", "mS/cm", optional=True, above=0),
        *(
            number(f"{end}_{share}", f"{side} end of the {share} % interval, {_LOG}", optional=True)
            for share in ("50", "90")
            for end, side in (("low", "Lower"), ("high", "Upper"))
        ),
        CONDUCTIVITY_CLASS.but(meaning="Class of the predicted value (Figure 4(b))", optional=True),
        *(
            number(
                f"p_{name.value}",
                f"Probability that σ is {name.value}",
                optional=True,
                at_least=0,
                at_most=1,
            )
            for name in ConductivityClass
        ),
        flag("outside_domain", "Whether it is unlike all that the model has learned from"),
        text(
            "flags",
            "Doubts, parted by semicolons: no_lithium, unseen_element, far, composition_only",
            optional=True,
        ),
        flag("measured", "Whether its very composition has been measured"),
        text("nearest_formula", "The measured material most like it", optional=True),
        number("nearest_sigma_s_cm", "What was measured, or the bound on it", "S/cm", optional=True, above=0),
        text("nearest_doi", "Where that was published", optional=True),
        number(
            "nearest_distance",
            "Sum of the differences in atomic fractions to it",
            optional=True,
            at_least=0,
            at_most=2.0001,
        ),
        text("nearest_measured", "The five most like it in words, parted by semicolons", optional=True),
        text("rests_on", "What the answer rests on, in words", optional=True),
        text("remarks", "What does not fit in the input or is to be known, in words", optional=True),
        text("model", "Model that answers", optional=True),
        text("variant", "Feature set of that model, or prompt case", optional=True),
        text("model_data_version", "Version of the data that it was trained on", optional=True),
        REASON_CODE.but(meaning="Kind of the reason of a refusal", optional=True),
        text("refused", "Why there is no prediction; empty where there is one", optional=True),
    ),
)
"""What `sse-assets predict` writes; no stored table of its own."""

PREDICTIONS = replace(
    ANSWERS,
    name="screening.predictions",
    meaning="The answer for one candidate.",
    columns=(_SET, _ID, *ANSWERS.columns, text("answered_by", "Stored model and its version")),
    key=("candidate_set", "candidate_id"),
)

_LOG10_SIGMA = ANSWERS.column("log10_sigma").but(optional=False)
_INTERVAL_90 = (ANSWERS.column("low_90"), ANSWERS.column("high_90"))
_EVIDENCE = (
    ANSWERS.column("conductivity_class").but(optional=False),
    ANSWERS.column("outside_domain"),
    ANSWERS.column("measured"),
    ANSWERS.column("nearest_formula"),
    ANSWERS.column("nearest_sigma_s_cm"),
    ANSWERS.column("nearest_doi"),
    ANSWERS.column("nearest_distance"),
)
_RANKED = (
    _SET,
    _ID,
    _MATERIAL,
    ANSWERS.column("formula").but(optional=False),
    COMPOSITION_KEY,
    text("anion", "Kind of anion that most atoms belong to"),
    _LOG10_SIGMA,
    *_INTERVAL_90,
    *_EVIDENCE,
)

RANKING = Table(
    "screening.ranking",
    "One candidate that was answered, by its predicted conductivity.",
    (
        number("rank", "Place among those not set aside; empty for the others", optional=True, at_least=1),
        *_RANKED,
        text("set_aside", "Why it is not ranked, by the filters of the step", optional=True),
    ),
    key=("candidate_set", "candidate_id"),
)
SHORTLIST = Table(
    "screening.shortlist",
    "One of the best candidates, none much like another.",
    (integer("place", "Place on the list", at_least=1), *_RANKED),
    key=("place",),
)
NEXT_EXPERIMENTS = Table(
    "screening.next_experiments",
    "One candidate to make next, with the reason.",
    (
        choice("purpose", Purpose, "What its measurement is for"),
        integer("place", "Place on the list of its purpose", at_least=1),
        *_RANKED,
        number("value", "Probability of more than 1 mS/cm, or share of uncertainty taken away", at_least=0),
        text("reason", "Why, in words"),
    ),
    key=("purpose", "place"),
)
