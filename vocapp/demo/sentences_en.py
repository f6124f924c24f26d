"""What the demo's customers say in English: theme → (good, bad), written for the demo.

`{team}` becomes a team of the customer. Sentences stand alone, so that two of them make a
comment.
"""

from __future__ import annotations

TEAMS = ("our finance team", "our sales team", "the warehouse team", "our help desk", "HR",
         "our project office", "the design team", "our field engineers")  # fmt: skip

STOCK: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "usability": (
        (
            "New colleagues find their way around the boards without asking me.",
            "The screens are calm and I can see at a glance what is mine.",
            "Moving a request through its steps takes two clicks, and {team} likes that.",
            "Everything is where I would look for it.",
        ),
        (
            "It takes me far too many clicks to hand a request over to another team.",
            "Since the side menu was reorganised, {team} keeps asking me where things went.",
            "Half of our people still mix up projects and spaces, the screens do not help.",
            "The edit form is crowded and I lose track of which field is required.",
        ),
    ),
    "onboarding": (
        (
            "We were up and running within the week, including {team}.",
            "The kick-off was well prepared and the setup checklist left nothing open.",
            "Going live was smoother than with any tool we introduced before.",
            "The template workspace saved us days of configuration.",
        ),
        (
            "Getting started took us two months instead of the three weeks we had planned.",
            "Nobody told us that workflows have to be configured before inviting people.",
            "The initial setup is a maze and we had to start over twice.",
            "{team} was invited before anything was configured, a poor first impression.",
        ),
    ),
    "performance": (
        (
            "Boards open instantly, even our largest one.",
            "Pages load noticeably faster than they did last year.",
            "Even on the slow line of our plant the lists appear right away.",
            "Very quick to respond, I never wait for it.",
        ),
        (
            "Opening a large board takes ten seconds or more on a Monday morning.",
            "The list view has become sluggish since we passed five thousand requests.",
            "Saving a form hangs so long that {team} presses the button twice.",
            "At month end everything slows down to a crawl.",
        ),
    ),
    "reliability": (
        (
            "I cannot remember the last time it was down.",
            "It simply works, day after day, and that is what we pay for.",
            "We have not lost a single record in two years.",
            "Stable through our busiest week of the year.",
        ),
        (
            "The outage cost {team} an entire working day.",
            "We keep getting an error page when two people edit the same request.",
            "Comments disappeared after the last update and had to be typed in again.",
            "The service crashed in the middle of our quarterly review.",
            "This bug was reported in spring and still has not been fixed.",
        ),
    ),
    "support": (
        (
            "The help desk answered within the hour and stayed until it was solved.",
            "Support understood the question at once and sent exactly the right steps.",
            "Whoever picks up the ticket knows the product well and is friendly.",
            "My problem was fixed the same afternoon, thank you to the support team.",
        ),
        (
            "I waited four days for a reply and then got a link I had already read.",
            "The ticket was closed although nothing had been solved.",
            "Every answer came from a different agent who asked the same questions again.",
            "Support is only awake when our day is already over.",
        ),
    ),
    "pricing": (
        (
            "For what it replaces, the price is more than fair.",
            "Good value: we cancelled two other subscriptions because of it.",
            "The plan grows with us and never felt expensive.",
        ),
        (
            "The last price increase was hard to explain to {team}.",
            "Paying full price for people who only read is not reasonable.",
            "We get less for our money than with cheaper rivals.",
            "The step from one plan to the next is far too steep for a company of our size.",
        ),
    ),
    "billing": (
        (
            "Invoices arrive on time and match what we ordered.",
            "Adding seats in the middle of the year was settled without any fuss.",
            "The renewal took one signature.",
        ),
        (
            "The invoice was wrong three months in a row.",
            "We were charged for seats that we had removed in January.",
            "The purchase order number that we asked for is still missing on the invoice.",
            "The contract renewed itself without the reminder we were promised.",
        ),
    ),
    "integrations": (
        (
            "The connection to our CRM has run for a year without anyone touching it.",
            "The API is clean, we linked our own portal in two days.",
            "Requests from chat land in the right project automatically, which is great.",
        ),
        (
            "The sync with our calendar breaks every few weeks and nobody notices.",
            "The accounting connector leaves out half of the fields {team} needs.",
            "Webhooks arrive twice or not at all, so we cannot rely on them.",
            "Rate limits of the API stop our nightly job every time.",
        ),
    ),
    "reporting": (
        (
            "The dashboards replaced three spreadsheets in our monthly meeting.",
            "I can show my boss the workload per team without any preparation.",
            "Charts are clear and the numbers agree with our own.",
        ),
        (
            "The numbers on the dashboard differ from those in the report and nobody can tell why.",
            "I still build our monthly report by hand since the charts cannot be grouped by team.",
            "There is no way to see a trend over more than one quarter.",
            "Reports cannot be scheduled, so {team} waits for me to press a button.",
        ),
    ),
    "mobile": (
        (
            "The phone app is what {team} uses all day, and it does the job.",
            "Approving requests from my phone on the train is wonderful.",
            "Photos taken on site are in the request within seconds.",
        ),
        (
            "The app signs me out every morning.",
            "On the phone the form is cut off and the button cannot be reached.",
            "Without a signal the app is useless, and we work in basements.",
            "Pictures uploaded from Android come out rotated.",
        ),
    ),
    "security": (
        (
            "Single sign-on and the audit log satisfied our security officer at once.",
            "Permissions can be set exactly as {team} wants them.",
            "The security questionnaire came back complete within two days.",
        ),
        (
            "A contractor could see a project that was meant to be private.",
            "Roles are too coarse: either somebody sees everything or nothing.",
            "Two-factor should be available on every plan, not just on the largest.",
            "Our auditors asked for a log of exports and there is none.",
        ),
    ),
    "feature_requests": (
        (
            "You built the recurring requests we had asked for, and they work well.",
            "New functions arrive every month and most of them are useful.",
            "Nearly everything on our wish list from last year is there now.",
        ),
        (
            "We badly miss dependencies between requests.",
            "There is no way to approve several requests at once.",
            "Custom fields cannot be calculated, which our old tool could do.",
            "Please add a calendar view, {team} asks for it every week.",
        ),
    ),
    "documentation": (
        (
            "The help centre answers most of our questions before we open a ticket.",
            "The short videos are exactly what {team} needed.",
            "The webinar for administrators was worth every minute.",
        ),
        (
            "The manual shows screens that no longer exist.",
            "I could not find a single example for the approval rules.",
            "The articles explain every button but never how to do a whole task.",
        ),
    ),
    "data_import_export": (
        (
            "Importing ten thousand old tickets from a spreadsheet worked on the first try.",
            "The nightly export feeds our warehouse without trouble.",
            "Moving over from our old system was painless.",
        ),
        (
            "The CSV import rejects the whole file because of a single row.",
            "Exports stop at a thousand lines, so {team} has to stitch files together.",
            "Attachments are not part of the export, so we cannot keep a backup.",
        ),
    ),
    "notifications": (
        (
            "The daily summary mail is all I need to stay up to date.",
            "Reminders come at the right time and only to the right people.",
        ),
        (
            "Since the new notification centre we get twenty mails a day that nobody asked for.",
            "Alerts for overdue requests have stopped arriving since the last release.",
            "I cannot switch off the reminders for projects that I only watch.",
            "Important messages drown among automatic mails, and {team} now ignores all of them.",
            "The redesigned notifications send the same reminder three times.",
            "My inbox is full of alerts and there is no setting to bundle them any more.",
        ),
    ),
    "search": (
        (
            "Search finds even a half-remembered request from two years ago.",
            "Saved filters make my Monday planning a matter of minutes.",
        ),
        (
            "Search only finds the exact word, so closed requests are as good as lost.",
            "Filters reset whenever I go back to the list.",
            "The hits are in no order that I can understand.",
        ),
    ),
    "localisation": (
        (
            "Our colleagues in Osaka and Leeds use it side by side, each in their own language.",
            "Dates and time zones are right for every office.",
        ),
        (
            "Some screens are still in Japanese although I chose English.",
            "Due dates shift by a day for {team} because of the time zone.",
            "Month and day are shown in the American order and cannot be changed.",
        ),
    ),
    "account_management": (
        (
            "Our contact at Kawasemi listens and comes back with an answer.",
            "The quarterly review with our success manager is time well spent.",
            "We feel looked after, not sold to.",
        ),
        (
            "Our contact person has changed three times this year.",
            "We only hear from you when the renewal is due.",
            "What was promised in the review meeting has not been followed up.",
        ),
    ),
}

# Comments that name nothing in particular: (good, middling, bad).
GENERAL: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] = (
    (
        "Very happy with it.",
        "We would choose it again.",
        "Great tool, keep going.",
        "It has changed the way we work together.",
        "No complaints from our side.",
        "Does what it says.",
    ),
    (
        "It is fine.",
        "Good in parts, some rough edges.",
        "Decent, but not outstanding.",
        "We use it, and it mostly does what we need.",
        "Nothing special to report.",
        "Too early to tell.",
    ),
    (
        "Disappointing.",
        "We expected more.",
        "I would not choose it again.",
        "We are looking at alternatives at the moment.",
        "This costs us more time than it saves.",
        "Not what we were promised.",
    ),
)

# Said before a second sentence of the other kind: (good after bad, bad after good).
TURNS: tuple[tuple[str, ...], tuple[str, ...]] = (
    ("On the bright side:", "To be fair:", "What we do like:"),
    ("One thing, though:", "Room for improvement:", "My only complaint:"),
)

ONBOARDING_OPENERS = ("", "", "We went live last month. ", "Just finished the setup. ")
SUPPORT_OPENERS = ("", "", "About ticket {ticket}: ", "Second ticket this week. ")
