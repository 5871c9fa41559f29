"""Short forms of first names that front desks use. One short form may be of several names, of women and men."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import Final

_SHORT: Final = """
abigail abby gail|albert al bert|alexander alex sandy xander|alexandra alex sandra lexi sandy|alfred al fred
amanda mandy|andrew andy drew|anthony tony|antonia toni|arthur art|barbara barb babs|benjamin ben benny
bernard bernie|beverly bev|bradley brad|brian bri|calvin cal|cameron cam|caroline carrie carol
catherine cathy kate katie kay|katherine kathy kate katie|charles chuck charlie chas|christina chris tina chrissy
christine chris tina chrissy|christopher chris topher kit|cynthia cindy|daniel dan danny|david dave davy
deborah deb debbie|debra deb debbie|dennis denny|donald don donnie|dorothy dot dottie|douglas doug
edward ed ted eddie ned|eleanor ellie nell|elizabeth liz beth betty eliza lizzie libby|emily em|eugene gene
evelyn evie|francis frank fran|frances fran frankie|franklin frank|frederick fred freddie rick|gabriel gabe
gerald gerry jerry|gregory greg|guadalupe lupe|harold harry hal|henry hank harry|herbert herb|howard howie
isabella bella izzy|jacob jake|jacqueline jackie|james jim jimmy jamie|janet jan|jeffrey jeff|jennifer jen jenny
jessica jess jessie|john jack johnny jon|jonathan jon nathan|joseph joe joey|jose pepe|joshua josh|judith judy
julia julie|kenneth ken kenny|kimberly kim|lawrence larry|leonard len lenny leo|leslie les|lillian lily|louis lou
louise lou|margaret maggie peggy meg marge greta|martha patty|matthew matt|melissa mel missy
michael mike mickey mick|michelle shelly|mitchell mitch|nancy nan|natalie nat|nathaniel nate nat|nicholas nick nicky
nicole nicky|olivia liv livvy|oliver ollie|pamela pam|patricia pat patty trish tricia|patrick pat paddy|peter pete
philip phil|rachel rae|raymond ray|rebecca becky|reginald reggie|richard rick dick rich ricky
robert bob rob bobby robbie bert|roberta bobbie|roger rodge|ronald ron ronnie|rosemary rose rosie|russell russ
ruth ruthie|samantha sam|samuel sam sammy|sandra sandy|sarah sally|sharon sherry|solomon sol|stanley stan
stephanie steph|stephen steve|steven steve|susan sue susie|susanna sue susie|terence terry|teresa terry tess
theodore ted teddy theo|theresa terry tess|thomas tom tommy|timothy tim|tobias toby|valerie val|veronica ronnie
victor vic|victoria vicky tori|vincent vince vinny|virginia ginny|walter walt|wendell wendy
william bill will billy liam willy|zachary zach
"""

_LONG: Final[dict[str, set[str]]] = defaultdict(set)
for _line in _SHORT.strip().replace("\n", "|").split("|"):
    for _short in (_names := _line.split())[1:]:
        _LONG[_short].add(_names[0])


@lru_cache(maxsize=50_000)
def long_forms(given: str) -> frozenset[str]:
    """The names for which this one may stand, itself among them. `given` is folded. Pure."""
    return frozenset({given, *_LONG.get(given, ())})


def may_be_one_name(given: str, other: str) -> bool:
    """Whether one is short for the other, or both for a third. Pure."""
    return not long_forms(given).isdisjoint(long_forms(other))
