"""People: who somebody is, what they may, how they get in and sign in."""

from core.identity.access import Access, Visitor
from core.identity.admission import Admissions
from core.identity.credentials import weakness
from core.identity.limits import Attempts, PersonLimits
from core.identity.model import (
    PERMISSIONS,
    Admission,
    AdmissionRule,
    ApiToken,
    Invitation,
    Link,
    Me,
    NewToken,
    Person,
    Role,
    Rule,
    Session,
    SignedIn,
    Way,
)
from core.identity.people import People
from core.identity.service import BY_PERSON_ID, SYSTEM, Identity

__all__ = [
    "BY_PERSON_ID",
    "PERMISSIONS",
    "SYSTEM",
    "Access",
    "Admission",
    "AdmissionRule",
    "Admissions",
    "ApiToken",
    "Attempts",
    "Identity",
    "Invitation",
    "Link",
    "Me",
    "NewToken",
    "People",
    "Person",
    "PersonLimits",
    "Role",
    "Rule",
    "Session",
    "SignedIn",
    "Visitor",
    "Way",
    "weakness",
]
