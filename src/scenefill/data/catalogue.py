"""What is known of the public data sets before a file of them is opened: splits and their sizes, layout, licence.

Counts are those of a set that is whole: of photos, of masks for a set of masks. Licences are named as their authors name them;
who uses a set reads them at its source. docs/data.md is made of this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import DataError


@dataclass(frozen=True)
class PublicSet:
    """One data set."""

    title: str
    """With its authors and year."""
    counts: Mapping[str, int]
    """Split -> how many photos (or masks) it has when it is whole."""
    layout: str
    """What lies below the folder of the data sets."""
    licence: str
    labels: str | None = None
    """The label set its maps are coded in; None: photos alone, or masks."""
    holds: str = "photos"
    """"photos" or "masks"."""


RESEARCH = "non-commercial research"
ELSEWHERE = "see its authors' page"

SETS: Mapping[str, PublicSet] = {
    "camvid": PublicSet(
        "CamVid (Brostow et al. 2008)",
        {"train": 367, "val": 101, "test": 147, "test-seq05vd": 85},
        "camvid/{train,val,test}/{images,labels}/*",
        "CC BY-NC 4.0",
        "camvid",
    ),
    "labelmefacade": PublicSet(
        "LabelMeFacade (Fröhlich et al. 2010)",
        {"train": 700, "test": 125, "train-fit": 683, "train-val": 17},
        "labelmefacade/{train,test}/{images,labels}/SERIES__*",
        RESEARCH,
        "labelmefacade",
    ),
    "idd-lite": PublicSet(
        "IDD Lite (Varma et al. 2019)",
        {"train": 1403, "val": 104, "unlabelled": 404, "train-fit": 1166, "train-val": 237},
        "idd_lite/{train,val}/{images,labels}/SEQUENCE_* and idd_lite/unlabelled/images/*",
        RESEARCH,
        "idd-lite",
    ),
    "bsds500": PublicSet(
        "BSDS500 (Arbelaez et al. 2011)",
        {"train": 200, "val": 100},
        "bsds500/{train,val}/*",
        "non-commercial research and education",
    ),
    "cityscapes": PublicSet(
        "Cityscapes (Cordts et al. 2016)",
        {"train": 2975, "val": 500, "test": 1525, "train+test": 4500},
        "leftImg8bit/{train,val,test}/CITY/*_leftImg8bit.png and gtFine/{train,val}/CITY/*_gtFine_labelIds.png",
        "the Cityscapes licence: non-commercial, the photos may not be passed on",
        "cityscapes",
    ),
    "cityscapes-256": PublicSet(
        "Cityscapes, squeezed to 256x256",
        {"train": 2975, "val": 326, "train-fit": 2480, "train-val": 495},
        "cityscapes_256/{train,val}/{images,labels}/*",
        "the Cityscapes licence: non-commercial, the photos may not be passed on",
        "cityscapes",
    ),
    "outdoor-scenes": PublicSet(
        "Outdoor Scenes (Wang et al. 2018)",
        {"train": 9900, "test": 300},
        "OutdoorSeg/{images,annotations}/*, OutdoorSceneTest300/* and OutdoorSceneTest300_anno/*",
        ELSEWHERE,
        "outdoor-scenes",
    ),
    "places2": PublicSet(
        "Places365-Standard (Zhou et al. 2017)",
        {"train": 1_803_460, "val": 36_500, "val-256": 36_500},
        "data_large/, val_large/ and val_256/",
        "non-commercial research and education",
    ),
    "celeba-hq": PublicSet(
        "CelebA-HQ (Karras et al. 2018) at 256x256", {"train": 28_000, "test": 2000}, "train_256/* and test_256/*", RESEARCH
    ),
    "dtd": PublicSet(
        "Describable Textures (Cimpoi et al. 2014)",
        {f"{part}{n}": 1880 for part in ("train", "val", "test") for n in range(1, 11)},
        "images/TEXTURE/TEXTURE_NNNN.jpg and labels/{train,val,test}{1..10}.txt",
        "research",
    ),
    "cmp-facades": PublicSet(
        "CMP Facades (Tyleček and Šára 2013)",
        {"base": 378, "extended": 228},
        "base/cmp_bNNNN.jpg and extended/cmp_xNNNN.jpg",
        ELSEWHERE,
    ),
    "paris-streetview": PublicSet(
        "Paris StreetView (Doersch et al. 2012)",
        {"train": 14_900, "test": 100},
        "paris-streetview/{train,test}/*",
        "from its authors, on request",
    ),
    "helen": PublicSet(
        "Helen (Le et al. 2012), splits of Smith et al. 2013",
        {"exemplars": 2000, "tuning": 230, "testing": 100},
        "SmithCVPR2013_dataset_resized/images/* and SmithCVPR2013_dataset_resized/{exemplars,tuning,testing}.txt",
        ELSEWHERE,
    ),
    "nvidia-masks": PublicSet(
        "Irregular masks (Liu et al. 2018)",
        {"test": 12_000} | {f"{low}-{high}": 2000 for low, high in ((1, 10), (10, 20), (20, 30), (30, 40), (40, 50), (50, 60))},
        "mask/testing_mask_dataset/NNNNN.png",
        "CC BY-NC-SA 4.0",
        holds="masks",
    ),
}


def known(name: str) -> PublicSet:
    """Raises DataError for a set that is not known, with those that are."""
    if name not in SETS:
        raise DataError(f'there is no public data set "{name}"; known are: {", ".join(SETS)}')
    return SETS[name]
