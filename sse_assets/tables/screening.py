"""Schema `screening`: answers for materials that nobody has measured."""

from sse_assets.materials.conductivity import ConductivityClass
from sse_assets.tables.columns import COMPOSITION_KEY, CONDUCTIVITY_CLASS, REASON_CODE
from sse_assets.tables.declaration import Table, flag, number, text

_LOG = "log10(σ / (S/cm))"

PREDICTIONS = Table(
    "screening.predictions",
    "The answer for one material: a prediction with its evidence, or the reason why there is none.",
    (
        text("material", "The material as it was named: a formula, or a file"),
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
