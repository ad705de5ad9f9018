"""A small schema set, written by hand after MESA's published V0700 files: what our documents use, in their order.

Taken from B2MML-OperationsSchedule, -OperationsPerformance, -OperationsPerformanceTypes, -Material and -Common
(2020): names, order, what is required, and the words that are enumerated. Left out is what our documents never
hold, and the extension groups. It is split in two files that refer to each other, as MESA's are.
"""

from __future__ import annotations

NAMESPACE = "http://www.mesa.org/xml/B2MML"
_HEAD = (
    '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.mesa.org/xml/B2MML" '
    'xmlns="http://www.mesa.org/xml/B2MML" elementFormDefault="qualified" attributeFormDefault="unqualified">'
)


def _one(name: str, kind: str, often: str = "1") -> str:
    """Return an element: ``often`` is 1, ? (at most once), * (any number) or + (at least once)."""
    least = 0 if often in "?*" else 1
    most = "unbounded" if often in "*+" else 1
    return f'<xsd:element name="{name}" type="{kind}" minOccurs="{least}" maxOccurs="{most}"/>'


def _type(name: str, *members: tuple[str, ...]) -> str:
    inside = "".join(_one(*member) for member in members)
    return f'<xsd:complexType name="{name}"><xsd:sequence>{inside}</xsd:sequence></xsd:complexType>'


def _words(name: str, *words: str) -> str:
    inside = "".join(f'<xsd:enumeration value="{word}"/>' for word in words)
    return (
        f'<xsd:simpleType name="{name}"><xsd:restriction base="xsd:token">{inside}</xsd:restriction></xsd:simpleType>'
    )


ID, ID0 = ("ID", "IdentifierType"), ("ID", "IdentifierType", "?")
DESCRIPTION, VERSION = ("Description", "DescriptionType", "*"), ("Version", "IdentifierType", "?")
PUBLISHED = ("PublishedDate", "DateTimeType", "?")
START, END = ("StartTime", "DateTimeType", "?"), ("EndTime", "DateTimeType", "?")
QUANTITY = ("Quantity", "QuantityValueType", "*")
DEFINITIONS, LOTS = ("MaterialDefinitionID", "IdentifierType", "*"), ("MaterialLotID", "IdentifierType", "*")

COMMON = "".join([
    _HEAD,
    '<xsd:simpleType name="IdentifierType"><xsd:restriction base="xsd:normalizedString"/></xsd:simpleType>',
    '<xsd:simpleType name="DescriptionType"><xsd:restriction base="xsd:string"/></xsd:simpleType>',
    '<xsd:simpleType name="DateTimeType"><xsd:restriction base="xsd:dateTime"/></xsd:simpleType>',
    '<xsd:simpleType name="PriorityType"><xsd:restriction base="xsd:decimal"/></xsd:simpleType>',
    _words("DataTypeType", "Amount", "Quantity", "string", "int", "integer", "double", "boolean", "dateTime"),
    _words("MaterialUseType", "Consumable", "Consumed", "Produced", "By-product Produced", "Co-product Produced",
           "Yield Produced", "Material Consumed", "Material Produced", "Inventoried", "Other"),
    _words("ResponseStateType", "Waiting", "Ready", "Running", "Completed", "Aborted", "Held", "Suspended", "Closed",
           "Other"),
    _type("ValueType", ("ValueString", "xsd:string"), ("DataType", "DataTypeType", "?"),
          ("UnitOfMeasure", "xsd:normalizedString", "?"), ("Key", "IdentifierType", "?")),
    _type("QuantityValueType", ("QuantityString", "xsd:string"), ("DataType", "DataTypeType", "?"),
          ("UnitOfMeasure", "xsd:normalizedString", "?"), ("Key", "IdentifierType", "?")),
    _type("OpMaterialRequirementType", ID, ("MaterialClassID", "IdentifierType", "*"), DEFINITIONS, LOTS, DESCRIPTION,
          ("MaterialUse", "MaterialUseType", "?"), QUANTITY),
    "</xsd:schema>",
])  # fmt: skip

OPERATIONS = "".join([
    _HEAD, '<xsd:include schemaLocation="B2MML-Common.xsd"/>',
    _one("OperationsSchedule", "OperationsScheduleType").replace(' minOccurs="1" maxOccurs="1"', ""),
    _one("OperationsPerformance", "OperationsPerformanceType").replace(' minOccurs="1" maxOccurs="1"', ""),
    _one("MaterialInformation", "MaterialInformationType").replace(' minOccurs="1" maxOccurs="1"', ""),
    _type("OperationsScheduleType", ID, DESCRIPTION, VERSION, PUBLISHED, START, END,
          ("OperationsRequest", "OperationsRequestType", "+")),
    _type("OperationsRequestType", ID, DESCRIPTION, VERSION, START, END, ("Priority", "PriorityType", "?"),
          ("OperationsDefinitionID", "IdentifierType", "?"), ("OperationsSegmentID", "IdentifierType", "?"),
          ("SegmentRequirement", "OpSegmentRequirementType", "+")),
    _type("OpSegmentRequirementType", ID, DESCRIPTION, VERSION, ("EarliestStartTime", "DateTimeType", "?"),
          ("LatestEndTime", "DateTimeType", "?"), ("ProcessSegmentID", "IdentifierType"),
          ("OperationsDefinitionID", "IdentifierType"), ("OperationsSegmentID", "IdentifierType"),
          ("MaterialRequirement", "OpMaterialRequirementType", "*")),
    _type("OperationsPerformanceType", ID, DESCRIPTION, VERSION, PUBLISHED, START, ("Endtime", "DateTimeType", "?"),
          ("OperationsScheduleID", "IdentifierType", "?"), ("PerformanceState", "ResponseStateType", "?"),
          ("OperationsResponse", "OperationsResponseType", "+")),
    _type("OperationsResponseType", ID, DESCRIPTION, VERSION, START, END,
          ("OperationsRequestID", "IdentifierType", "*"), ("SegmentRequirementID", "IdentifierType", "*"),
          ("OperationsDefinitionID", "IdentifierType", "*"), ("OperationsSegmentID", "IdentifierType", "*"),
          ("ResponseState", "ResponseStateType", "?"), ("SegmentResponse", "OpSegmentResponseType", "+")),
    _type("OpSegmentResponseType", ID, DESCRIPTION, PUBLISHED, ("PostingDate", "DateTimeType", "?"),
          ("ActualStartTime", "DateTimeType", "?"), ("ActualEndTime", "DateTimeType", "?"),
          ("ProcessSegmentID", "IdentifierType", "*"), ("OperationsRequestID", "IdentifierType", "*"),
          ("SegmentState", "ResponseStateType", "?"), ("SegmentData", "OpSegmentDataType", "*"),
          ("PersonnelActual", "OpPersonnelActualType", "*"), ("EquipmentActual", "OpEquipmentActualType", "*"),
          ("MaterialActual", "OpMaterialActualType", "*")),
    _type("OpSegmentDataType", ID, DESCRIPTION, ("Value", "ValueType", "*")),
    _type("OpPersonnelActualType", ID, ("PersonnelClassID", "IdentifierType", "*"),
          ("PersonID", "IdentifierType", "*")),
    _type("OpEquipmentActualType", ID, ("EquipmentClassID", "IdentifierType", "*"),
          ("EquipmentID", "IdentifierType", "*")),
    _type("OpMaterialActualType", ID, ("MaterialClassID", "IdentifierType", "*"), DEFINITIONS, LOTS,
          ("MaterialSubLotID", "IdentifierType", "*"), DESCRIPTION, ("MaterialUse", "MaterialUseType", "?"),
          QUANTITY),
    _type("MaterialInformationType", ID0, DESCRIPTION, PUBLISHED,
          ("MaterialDefinition", "MaterialDefinitionType", "*"), ("MaterialLot", "MaterialLotType", "*")),
    _type("MaterialDefinitionType", ID, VERSION, DESCRIPTION,
          ("MaterialDefinitionProperty", "MaterialDefinitionPropertyType", "*"),
          ("MaterialClassID", "IdentifierType", "*")),
    _type("MaterialDefinitionPropertyType", ID, VERSION, DESCRIPTION, ("Value", "ValueType", "*")),
    _type("MaterialLotType", ID, VERSION, DESCRIPTION, ("MaterialDefinitionID", "IdentifierType", "?"),
          ("Status", "xsd:token", "?"), ("Disposition", "xsd:token", "?"), QUANTITY),
    "</xsd:schema>",
])  # fmt: skip

#: The set, by name.
FILES = {"B2MML-Common.xsd": COMMON.encode(), "B2MML-Operations.xsd": OPERATIONS.encode()}
