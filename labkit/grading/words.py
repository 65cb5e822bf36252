"""Words in the names of files and folders that are no person's name, in the languages of our users."""

# Words that a lab's number follows.
NUMBERED = set(
    "lab labs labor laboratory labo laboratorio assignment assign homework hw hausaufgabe ha exercise "
    "exercises ex uebung übung uebungen übungen ue ü aufgabe aufgaben blatt übungsblatt uebungsblatt "
    "sheet tp td devoir tarea practica práctica ejercicio task week wk woche unit module modul project "
    "projekt ps pset problem notebook nb part teil chapter session day lecture vorlesung lesson "
    "praktikum opdracht zadanie".split()
)
# Words that a person's, or a group's, number follows.
PEOPLE = set(
    "group grp gruppe groupe grupo team pair pairs student students stud user participant candidate anon "
    "anonymous person teilnehmer seat table submission id matrikel matriculation gruppo équipe equipe".split()
)
# Words that say of which sort a class is: the same name in two of them is two people.
SECTIONS = set(
    "section sections sec class klasse course kurs cours curso group gruppe groupe tutorial tutorium tut "
    "seminar cohort stream track campus übungsgruppe uebungsgruppe room raum monday tuesday wednesday "
    "thursday friday montag dienstag mittwoch donnerstag freitag morning afternoon".split()
)
# Those of them that stand for no lab without a number: people are called so.
NAMES_TOO = set("day ha ex ue ü tp td ps part teil session unit sheet chapter week task nb wk".split())
# Words that stand for no person.
WORDS = (NUMBERED - NAMES_TOO) | set(
    "submission submissions submitted submit abgabe abgaben export exports exported download downloads all "
    "archive archives moodle canvas blackboard brightspace classroom google github gradescope students "
    "studenten studierende solution solutions lösung lösungen loesung loesungen answer answers answered "
    "antwort antworten lösungsblatt jupyter jupyterlab colab ipynb zip python py file files datei "
    "dateien folder ordner work arbeit code src notebooks homeworks assignments hausaufgaben tasks projects "
    "graded ungraded grading grade grades bewertung nlp labkit attachment attachments upload uploads "
    "late ontime data images image img figures docs doc materials material handout instructions readme "
    "template templates rubric feedback output outputs results result test tests tmp temp backup "
    "entrega entregas soumission rendu corrigé untitled unbenannt course kurs class klasse section sections "
    "bonus extra practice quiz exam inbox dropbox onedrive drive desktop documents report bericht essay "
    "tutorial tutorium seminar cohort von of working".split()
)
# Those of them that people are called, too: beside a lab's number they stay.
SURNAMES = set("lab labs work class test exam code drive desktop archive bonus folder canvas moodle".split())
# Words that tell one version of somebody's work from another.
VERSIONS = set(
    "final finale finished complete completed copy kopie copie copia kopia kopi копия 副本 version draft "
    "entwurf updated corrected korrigiert revised revision resubmission resubmitted resubmit endgültig "
    "attempt versuch try".split()
)
LOOSE_VERSIONS = set(
    "new neu old alt done fertig late last my meine fixed first second third one two three".split()
)  # after a lab only
COPIES = {"copy", "kopie", "copie", "copia", "kopia", "kopi", "копия", "副本"}
BEFORE_NAMES = {"by", "for", "from", "the"}
BRANCHES = {"main", "master"}  # at the end of what GitHub packs: "lab01-amy-main.zip"
LINKS = {"of", "von", "de", "di", "af", "no", "nr", "num", "n°", "nº", "number"}
# Names of folders that are never a person's, whatever lies beside them.
NEVER = set(
    "submission submissions submitted abgabe abgaben export exports download downloads class classes all "
    "archive students studenten notebooks labs assignments homeworks week section sections src code".split()
)
# A folder without a notebook under such a name is the course's, not somebody's who handed in nothing.
COURSE = set(
    "data images image img figures docs doc materials material handout template templates src code".split()
)
