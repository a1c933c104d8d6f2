# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""British postcodes that stand without a street."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.recognisers.address import UK_POSTCODE

_POSTCODE = re.compile(rf"(?<![\w-]){UK_POSTCODE}(?![\w-])")
# What is rather the size of a memory, a place in a row or a sum: 4GB, 1ST
_OTHER_END = re.compile(r"(?:\d[GTPEZ]B|NL|1ST|2ND|3RD|\dTH)\Z")
_TOWNS = (
    r"Aberdeen|Aldershot|Ashford|Aylesbury|Banbury|Barnsley|Basildon|Basingstoke|Bath|Bedford|Belfast|Birmingham|Blackburn|Blackpool|Bolton"
    r"|Bournemouth|Bracknell|Bradford|Brighton|Bristol|Bromley|Burnley|Bury|Cambridge|Canterbury|Cardiff|Carlisle|Chelmsford|Cheltenham|Chester"
    r"|Chesterfield|Colchester|Coventry|Crawley|Crewe|Croydon|Darlington|Derby|Doncaster|Dorchester|Dudley|Dundee|Durham|Eastbourne|Edinburgh|Enfield"
    r"|Exeter|Falkirk|Gateshead|Glasgow|Gloucester|Grimsby|Guildford|Halifax|Harlow|Harrogate|Harrow|Hastings|Hereford|Huddersfield|Hull|Ilford"
    r"|Inverness|Ipswich|Kettering|Kingston|Lancaster|Leeds|Leicester|Lincoln|Liverpool|Llandudno|London|Luton|Maidstone|Manchester|Medway"
    r"|Middlesbrough|Motherwell|Newcastle|Newport|Northampton|Norwich|Nottingham|Oldham|Oxford|Paisley|Perth|Peterborough|Plymouth|Poole|Portsmouth"
    r"|Preston|Reading|Redhill|Rochester|Romford|Rotherham|Salford|Salisbury|Scunthorpe|Sheffield|Shrewsbury|Slough|Solihull|Southampton|Southend"
    r"|Southport|Stevenage|Stirling|Stockport|Stoke|Sunderland|Sutton|Swansea|Swindon|Taunton|Telford|Torquay|Truro|Twickenham|Uxbridge|Wakefield"
    r"|Walsall|Warrington|Watford|Wigan|Winchester|Windsor|Woking|Wolverhampton|Worcester|Worthing|Wrexham|Yeovil|York"
)
# Said to be one, or behind one of the larger towns, in letters of any size.
_SURE = re.compile(
    rf"\b(?:post ?code|postal code|zip(?: code)?)\b[^\n.\d]{{0,16}}\Z|\b(?:{_TOWNS})(?:[\s,:;-]|\bUpon\b|\bon\b){{1,3}}\Z",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"(?:(?:^|[,:;=(\n/-]|\b[A-Z][^\W\d_A-Z]+|\b[A-Z]{3,}"
    r"|\b(?:postcode|post code|postal code|zip(?: code)?|address|in|at|to|from|near|is|around|of|for|code|and|or|my|our|your|here|by|between|area|their|his|her)\b)[\s:]*|[\"'“‘\[])\Z"
)
_IN_STREET = re.compile(
    r"\b(?:street|st|road|rd|avenue|ave|lane|ln|drive|close|court|place|way|crescent|gardens|terrace|square|grove|hill|park|view|mews|row|walk)\.?,?\s(?:[^\W\d_]+[\s,]+){1,2}\Z",
    re.IGNORECASE,
)


class PostcodeRecogniser(Recogniser):
    """Postcodes of Great Britain and Northern Ireland, told from sizes and models by what stands before them."""

    entity = "ADDRESS_POSTCODE"
    tag = "ADDRESS"
    guard = r"[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2}\b|GIR 0AA"
    of_digits = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield postcodes."""
        for found in _POSTCODE.finditer(text):
            before = max(0, found.start() - 40), found.start()
            placed = _PLACED.search(text, *before) or _IN_STREET.search(text, *before)
            if _SURE.search(text, *before) or (placed and not _OTHER_END.search(found[0])):
                yield Span(found.start(), found.end(), 0.85)
