"""The irregular verbs and nouns of `inflect`, as tables: base → forms that the regular rules do not give."""

from __future__ import annotations

VERB_PREFIXES = (
    *("over", "under", "out", "up", "re", "un", "mis", "fore", "with", "for", "in", "off", "by", "be", "pre", "inter"),
    *("sub", "proof", "hand", "ghost"),
)

# base: past, past participle and odd present forms; a verb listed here gets no -ed.
_VERBS = """
abide: abode abided
arise: arose arisen
awake: awoke awoken awaked
be: am is are was were been being
bear: bore borne born
beat: beat beaten
become: became
befall: befell befallen
begin: began begun
behold: beheld
bend: bent
beset: beset
bet: bet betted
bid: bid bade bidden
bind: bound
bite: bit bitten
bleed: bled
blow: blew blown
break: broke broken
breed: bred
bring: brought
broadcast: broadcast broadcasted
build: built
burn: burned burnt
burst: burst
bust: bust busted
buy: bought
can: could
cast: cast
catch: caught
choose: chose chosen
cling: clung
clothe: clothed clad
come: came
cost: cost
creep: crept
cut: cut
deal: dealt
dig: dug
dive: dived dove
do: does did done
draw: drew drawn
dream: dreamed dreamt
drink: drank drunk
drive: drove driven
dwell: dwelt dwelled
eat: ate eaten
fall: fell fallen
feed: fed
feel: felt
fight: fought
find: found
fit: fit fitted
flee: fled
fling: flung
fly: flies flew flown
forbid: forbade forbad forbidden
forecast: forecast forecasted
foresee: foresaw foreseen
forget: forgot forgotten
forgive: forgave forgiven
forgo: forgoes forwent forgone
forsake: forsook forsaken
freeze: froze frozen
get: got gotten
give: gave given
go: goes went gone
grind: ground
grow: grew grown
hang: hung hanged
have: has had
hear: heard
heave: heaved hove
hew: hewed hewn
hide: hid hidden
hit: hit
hold: held
hurt: hurt
input: input inputted
keep: kept
kneel: knelt kneeled
knit: knit knitted
know: knew known
lay: laid
lead: led
lean: leaned leant
leap: leaped leapt
learn: learned learnt
leave: left
lend: lent
let: let
lie: lay lain lied
light: lit lighted
lose: lost
make: made
may: might
mean: meant
meet: met
melt: melted molten
mistake: mistook mistaken
mow: mowed mown
output: output outputted
partake: partook partaken
pay: paid
plead: pleaded pled
prove: proved proven
put: put
quit: quit quitted
read: read
rend: rent
rid: rid
ride: rode ridden
ring: rang rung
rise: rose risen
run: ran
saw: sawed sawn
say: said
see: saw seen
seek: sought
sell: sold
send: sent
set: set
sew: sewed sewn
shake: shook shaken
shall: should
shave: shaved shaven
shear: sheared shorn
shed: shed
shine: shone shined
shoot: shot
show: showed shown
shrink: shrank shrunk shrunken
shut: shut
sing: sang sung
sink: sank sunk sunken
sit: sat
slay: slew slain
sleep: slept
slide: slid
sling: slung
slit: slit
smell: smelled smelt
smite: smote smitten
sneak: sneaked snuck
sow: sowed sown
speak: spoke spoken
speed: sped speeded
spell: spelled spelt
spend: spent
spill: spilled spilt
spin: spun
spit: spat spit
split: split
spoil: spoiled spoilt
spread: spread
spring: sprang sprung
stand: stood
steal: stole stolen
stick: stuck
sting: stung
stink: stank stunk
strew: strewed strewn
stride: strode stridden
strike: struck stricken
string: strung
strive: strove striven strived
swear: swore sworn
sweep: swept
swell: swelled swollen
swim: swam swum
swing: swung
take: took taken
teach: taught
tear: tore torn
tell: told
think: thought
thrive: thrived throve thriven
throw: threw thrown
thrust: thrust
tread: trod trodden
wake: woke woken waked
wear: wore worn
weave: wove woven weaved
wed: wed wedded
weep: wept
wet: wet wetted
will: would willed
win: won
wind: wound
withdraw: withdrew withdrawn
withhold: withheld
withstand: withstood
wring: wrung
write: wrote written
"""

# singular: plurals beside the regular one.
_NOUNS = """
alumnus: alumni
analysis: analyses
antenna: antennae
appendix: appendices
axis: axes
bacterium: bacteria
basis: bases
cactus: cacti
calf: calves
child: children
consortium: consortia
corpus: corpora
crisis: crises
criterion: criteria
curriculum: curricula
datum: data
diagnosis: diagnoses
dwarf: dwarves
elf: elves
emphasis: emphases
focus: foci
foot: feet
formula: formulae
forum: fora
fungus: fungi
genus: genera
goose: geese
half: halves
hoof: hooves
hypothesis: hypotheses
index: indices
knife: knives
larva: larvae
leaf: leaves
life: lives
loaf: loaves
louse: lice
man: men
matrix: matrices
medium: media
memorandum: memoranda
millennium: millennia
mouse: mice
nucleus: nuclei
oasis: oases
ox: oxen
paralysis: paralyses
parenthesis: parentheses
person: people
phenomenon: phenomena
radius: radii
referendum: referenda
scarf: scarves
self: selves
sheaf: sheaves
shelf: shelves
stadium: stadia
stimulus: stimuli
stratum: strata
syllabus: syllabi
synthesis: syntheses
terminus: termini
thesis: theses
thief: thieves
tooth: teeth
ultimatum: ultimata
vertex: vertices
wharf: wharves
wife: wives
wolf: wolves
woman: women
"""


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (line.split(":") for line in text.strip().splitlines())
    return {base: tuple(forms.split()) for base, forms in rows}


IRREGULAR_VERBS = _table(_VERBS)
IRREGULAR_NOUNS = _table(_NOUNS)
