"""Frequent words and letters of languages, by script: what `language` counts. Function words of everyday news texts.

A word that several languages share is listed under each of them and counts the less for all.
"""

from __future__ import annotations

LATIN: dict[str, str] = {
    "en": "the of and to in a is that for it was on are as with his they be at this have from or had by not but what "
    "were when we there can an your which their said if do will would has been who more its than about after people",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
    "hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec ou son "
    "elle cette aux été mais comme nous ont sa leur être fait ses tout deux même après d'un d'une l'homme c'est qu'il",
    "es": "de la que el en y a los del se las por un para con no una su al es lo como más o pero sus le ha me sin "
    "sobre este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está porque según",
    "pt": "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
    "sua ou ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo são aos ter",
    "it": "di e il la che in a per un è del non le della con una i si da dei al sono come nel ha alla più gli ma lo "
    "delle anche su o dal nella questo se essere ai degli suo loro stato dalla ogni nei sua hanno ad all dell d'un",
    "nl": "de van het een en in is dat op te zijn voor met die niet aan er om ook als dan maar bij of uit nog worden "
    "door naar heeft tot over hij ze wordt werd meer was geen we deze dit hebben kan zou hun na onder moet wel",
    "af": "die van en in is het nie dat 'n te op vir met wat om hy sy as aan by ook was sal uit deur hulle word nog "
    "maar daar of tot geen moet een enige ons elkeen kan haar aldus volgens",
    "sv": "och i att det som en på är av för med den till inte om ett han de har var men jag sig från vi så kan när "
    "år under också efter eller nu där vid skulle hade alla sin mot ska få hon ut blir mycket måste detta utan varje",
    "no": "og i det er på en som til av for at med de ikke har den om et han var seg men jeg fra vi så også ble kan "
    "etter når hun sier skal ved ut mot eller hadde bare nå enn opp være blir noe hva år oss enhver uten hvor denne "
    "noen sin deres hennes mellom samt ifølge blant dag både selv alle frihet menneske",
    "da": "og i at det er en til af på for den med som de ikke har der han var fra et men jeg om ved også efter vi "
    "kan når blev sig frihed alle menneske eller skal have siger havde hun over være nu ud mod bliver år op kun noget "
    "hvor enhver uden være nogen sin deres hendes mellem samt ligesom ifølge blandt dag både selv",
    "is": "og að í á það er sem til um við var en ekki með af fyrir hann hefur því eru þess frá þar verið eftir þeir "
    "ég hún svo eða segir sé þá hver eigi þau sinni skal",
    "fi": "ja on ei että oli se hän joka mutta myös kun ovat ole mukaan sen jo niin kuin tai jos vain voi tämä hänen "
    "olla nyt mitä ne sitten vielä vuoden sekä kanssa ennen jälkeen jokaisella oikeus häntä siitä sitä ollut jonka",
    "et": "ja on ei et ta oli see kui ka mis aga oma seda ning või siis kes ma nii tema selle pole veel välja peab "
    "üle olid olema kuid ütles aasta mida iga õigus tuleb juba pärast vastu saab",
    "lv": "un ir ka no ar uz par bet tas to kā viņš gan vai arī nav pie pēc lai es kas jau kad līdz tika bija šo tiek "
    "gada tikai viņa teica var tiesības katram cilvēkam vai savu pret būs",
    "lt": "ir kad yra į iš tai su kaip bet ne jo buvo už per dėl ar tik jis apie nuo po o prie metų pat dar savo kurie "
    "buvo jau taip teisę turi kiekvienas žmogus gali arba bei kuris ji jos",
    "pl": "w i na z się nie do to jest że o jak po za od ale co jego przez tym był są przed dla ma czy już tylko oraz "
    "które być może było tego jej ich będzie także roku który ze lub każdy prawo również jako są powiedział",
    "cs": "a v se na je že s z do to i o k ve pro za by ale si jako po od podle jsou které který jeho jak však byl při "
    "tak nebo také už bude jen má bylo až jejich než co než být každý právo kdo jsem mezi před řekl roku",
    "sk": "a v sa na je že s z do to i o k vo pre za by ale si ako po od podľa sú ktoré ktorý jeho však bol pri tak "
    "alebo aj už bude len má bolo až ich než čo byť každý právo kto som medzi pred povedal roku nie ktorá",
    "sl": "in je v na se da za ki so z pa tudi ne s kot po bi ali iz o od do še pri lahko ima bo med leta le ter pred "
    "že biti sta vsak pravico zaradi bil jih kateri ni tem njegov",
    "hr": "i je u da na se za su od s ne koji o kao što to iz ili bi a ali će sam po te nije samo koje bio kako više "
    "tko gdje prije svatko vrijeme bez godine ima pravo uvjetima djece svijeta europske tijekom također može",
    "sr": "i je u da na se za su od sa ne koji o kao što to iz ili bi a ali će sam po nije samo koje bio kako više ko "
    "gde pre vreme bez godine ima pravo šta uslovima dece sveta evropske tokom takođe može svako",
    "hu": "a az és hogy nem is egy ez de meg csak volt már ki mint el van még azt ha minden kell után vagy pedig lesz "
    "aki amely szerint ezt nagy között hogy jog joga személynek amelyek illetve sem lehet majd",
    "ro": "de și în a la cu o pe nu că să din care se un este pentru mai sau lui fi a au ale al ca fost după iar dar "
    "prin dreptul orice o persoană sunt lor sale cele între şi într-o este această spus",
    "sq": "të e në dhe i se për me një që nga është ka si do më nuk u ky por kjo pas tij janë tha ose ishte deri dhe "
    "drejtë kanë duhet çdo ai kush gjithë këtë njeri mund",
    "tr": "ve bir bu da de için ile çok olarak gibi daha olan en ne var kadar sonra ama o ise değil ya her göre diye "
    "olduğunu oldu dedi ki tarafından veya hakkı herkes hiç şey yeni mi ancak bütün edilmesi haiz",
    "az": "və bir bu da ilə üçün olan hər o edir ki də daha onun olaraq həmin kimi sonra isə bütün öz var əgər ola "
    "edilməsi şəxs hüququ malikdir və ya idi deyib görə tərəfindən qarşı etmək heç",
    "vi": "và của là có các được trong cho không người một những với để khi này ra đã từ về vào ở phải như nhưng tại "
    "đến bị quyền đều hay việc do theo nước năm sẽ cũng thì mọi mình",
    "id": "yang dan di dengan untuk dari ini pada itu dalam tidak akan ke oleh adalah juga ada sebagai mereka telah "
    "bisa atau karena lebih tersebut dia kata kami orang tahun setiap harus berhak bahwa saat secara hak para sudah "
    "negara antara maupun sesuai dapat yaitu seperti baik dirinya kebebasan karena itu",
    "ms": "yang dan di dengan untuk dari ini pada itu dalam tidak akan ke oleh adalah juga ada sebagai mereka telah "
    "boleh atau kerana lebih tersebut beliau kata kami orang tahun setiap hendaklah berhak bahawa ialah hak daripada "
    "kepada sudah seseorang mana-mana tiap-tiap negara antara maupun mengikut dapat iaitu seperti kebebasan",
    "tl": "ang ng sa na mga at ay ni kay hindi para may ito isang kung si nang mga din rin siya kanyang ko mo niya "
    "ako sila pag bawat tao karapatan dapat lahat walang o upang mula",
    "sw": "ya na wa kwa ni katika za la kuwa cha hii huyo yake hilo hiyo watu au kama vya hata sana lakini mtu ana "
    "haki kila hayo wake ambao alisema baada pia yote hakuna wote",
    "ca": "de la i el que a en les els per un amb del una no és al es més com o dels ha seva seu aquest però són també "
    "aquesta ser té hi pel tot dret persona sense fou han l'home d'un d'una qual està segons",
    "gl": "de a o que e do da en un para con non unha os no se na por máis as dos como pero foi ao el das ten ou ser "
    "cando moi nos xa está tamén ata entre sen súa seu dereito persoa á polo pola segundo galego iso",
    "eu": "eta da ez ere bat du dira izan dute zen hau baina egin behar bere hori dela beste egiten den gabe duen "
    "guztiek eskubidea edo horrek bai zuen arte ditu dituzte",
    "ga": "agus an na ar is i go a le bhí tá sé ag do de nach mar chun sin ach seo atá bhfuil gach duine nó aon leis "
    "cearta faoi ní air féin maidir sa siad",
    "cy": "y a yn i o ar yr mae ei am gan eu wedi oedd sydd fel ond bod nid hawl gan pawb bob neu wrth yw unrhyw nad "
    "ac gyda mewn hyn hynny cael",
    "mt": "li ta u il fil jew mill għal ma dan minn din huwa hija kull bħala dritt wieħed tal tad kien għandu ikun "
    "biex f'dan lill lil b'mod id-dritt persuna bla",
    "so": "iyo ka ku in uu oo waa la ah ay u si aan waxaa soo kale ayaa wuxuu qof kasta leeyahay xaq ama ee mid lagu "
    "loo isaga inuu waxa sida ugu",
}

CYRILLIC: dict[str, str] = {
    "ru": "и в не на что с по это как к но из у за от о так же для он мы бы все его при до было или уже только был "
    "она они быть если также который этого может после их право человек каждый должен сказал имеет",
    "uk": "і в не на що з та до у як за це від але про для є й він ми щоб так також його був вже які при бути було "
    "після вони або який має може свою їх якщо особи кожна людина право того сказав повинна",
    "be": "і ў не на што з да як за гэта ад але аб для ён мы каб так таксама яго быў ужо якія пры быць было пасля яны "
    "або які мае можа сваю іх калі кожны чалавек права таго дзе",
    "bg": "на и да за се в от с не е са по че като до които при това но този които има си което бе след са или само "
    "който бъде както най те той може всеки човек право беше според срещу ще",
    "mk": "на и во да се од за не е со што го ќе како но до ги по кои која кој при тоа или само има беше тој може "
    "секој право според биде против сите овој своите оваа",
    "sr": "и је у да на се за су од са не који о као што то из или би а али ће сам по није само које био како више ко "
    "где пре време без године има право свако може према",
    "kk": "және мен бұл үшін бар да деп бір осы туралы ол болып оның деді емес сол бойынша болады кейін жоқ әр адам "
    "құқығы немесе өз барлық тиіс құқылы еді",
    "ky": "жана менен бул үчүн бар да деп бир ушул тууралуу ал болуп анын эмес ошол боюнча болот кийин жок ар адам "
    "укугу же өз бардык керек укуктуу ким",
    "mn": "нь бөгөөд энэ байна юм болон гэж ба хүн бүр эрх эрхтэй байх тус ч мөн уг тэр болно бол ямар дээр улсын "
    "хийх буюу түүний",
    "tg": "ва дар ба аз ки ин бо барои ҳар як мебошад аст буд ё он низ ҳуқуқ дорад кас инсон худ то бояд шуд ҳама онҳо",
}

ARABIC: dict[str, str] = {
    "ar": "في من على أن إلى عن التي مع الذي هذا ما لا هذه أو كان بين بعد قال ذلك قد كل وفي كما ولا لم غير وقال خلال "
    "أي حق شخص لكل الى ان حيث",
    "fa": "و در به از که این را با است برای آن یک تا خود بر هم می کرد های شده یا اما باید شود کند هر حق دارد او بود "
    "نیز شد وی آنها",
    "ur": "کے کی میں ہے اور سے کا کو پر یہ نے کہ نہیں ہیں اس بھی کر ایک تھا ان یا جو ہو گیا لیے تو کیا ہر شخص حق اپنے "
    "تھے والے",
    "ps": "د په او چې ته له کې سره نه هم دا یې دی لري شي څخه وي کړي پر کوي هر حق ده چی کښی یا خپل",
    "ckb": "لە و بە کە بۆ ئەو لەگەڵ ئەم هەموو یان بێت نا هەیە خۆی مافی ھەموو کەسێک دەبێت سەر نێوان لەسەر ئەوە",
}

DEVANAGARI: dict[str, str] = {
    "hi": "के में की है और से का को पर यह ने कि नहीं हैं इस भी कर एक था या जो हो गया लिए तो किया प्रत्येक अधिकार अपने "
    "किसी ही होगा व्यक्ति",
    "mr": "आहे आणि या व चे च्या हा ते ही आहेत असे नाही किंवा त्या तर मध्ये केली प्रत्येक हक्क आपल्या झाली होते म्हणून "
    "त्याच्या येईल असा कोणत्याही",
    "ne": "को र छ मा ले गर्ने हुने लाई भएको पनि हो यो छन् प्रत्येक अधिकार हुनेछ गरेको वा छैन भन्ने तथा गरिने आफ्नो कुनै हुन्छ व्यक्तिलाई",
}

ETHIOPIC: dict[str, str] = {
    "am": "ነው እና ላይ ወይም ውስጥ ያለው ሰው መብት አለው እያንዳንዱ ማንኛውም የሆነ ጋር ሁሉ ነበር ግን አይደለም ወደ ስለ እንደ",
    "ti": "እዩ ናይ ከም ኣብ ካብ ድማ ዝኾነ ወይ ሰብ መሰል ኣለዎ እዚ ናብ ኩሉ እቲ ምስ ነዚ ኸኣ",
}

HEBREW: dict[str, str] = {
    "he": "של את על לא הוא זה כי או עם גם כל אדם היא אשר זכאי אל אין בין יש כך אך אני היה שלא",
    "yi": "און די פון דער צו אַז איז אין נישט אויף האָט מיט דאָס ניט יעדער מענטש רעכט אַ אָדער זיך",
}

LETTERS: dict[str, dict[str, str]] = {
    "Latin": {
        "ß": "de", "ñ": "es gl tl eu", "ã": "pt", "õ": "pt et", "ğ": "tr az", "ı": "tr az", "ə": "az", "ł": "pl",
        "ą": "pl lt", "ę": "pl lt", "ě": "cs", "ř": "cs", "ů": "cs", "ľ": "sk", "ĺ": "sk", "ŕ": "sk", "ő": "hu",
        "ű": "hu", "ă": "ro vi", "ș": "ro", "ț": "ro", "ţ": "ro", "ë": "sq nl fr", "ð": "is", "þ": "is", "ė": "lt",
        "ų": "lt", "į": "lt", "ā": "lv", "ē": "lv", "ī": "lv", "ņ": "lv", "ļ": "lv", "ģ": "lv", "ķ": "lv",
        "đ": "vi hr sr",
        "ħ": "mt", "ġ": "mt", "ż": "mt pl", "ạ": "vi", "ế": "vi", "ư": "vi", "ơ": "vi", "ờ": "vi", "ộ": "vi",
        "å": "sv no da", "ø": "no da", "æ": "no da is", "ä": "de sv fi et sk", "ö": "de sv fi et hu tr is az",
        "ŵ": "cy", "ŷ": "cy",
    },
    "Cyrillic": {
        "ы": "ru be kk ky mn", "э": "ru be kk ky mn tg", "ъ": "bg ru tg", "і": "uk be kk", "ї": "uk", "є": "uk",
        "ґ": "uk", "ў": "be", "ђ": "sr", "ћ": "sr", "љ": "sr mk", "њ": "sr mk", "џ": "sr mk", "ј": "sr mk", "ѓ": "mk",
        "ќ": "mk", "ѕ": "mk", "ә": "kk", "ғ": "kk tg", "қ": "kk tg", "ң": "kk ky", "ө": "kk ky mn", "ұ": "kk",
        "ү": "kk ky mn", "ҳ": "tg", "ҷ": "tg", "ӣ": "tg", "ӯ": "tg",
    },
    "Arabic": {
        "ي": "ar ps", "ك": "ar", "ة": "ar", "أ": "ar", "إ": "ar", "ک": "fa ur ps ckb", "ی": "fa ur ckb ps",
        "گ": "fa ur ckb",
        "پ": "fa ur ps ckb", "چ": "fa ur ps ckb", "ژ": "fa ps ckb", "ے": "ur", "ں": "ur", "ٹ": "ur", "ڑ": "ur",
        "ہ": "ur", "ښ": "ps", "ړ": "ps", "ډ": "ps", "ټ": "ps", "ې": "ps", "ۍ": "ps", "ځ": "ps", "څ": "ps", "ە": "ckb",
        "ێ": "ckb", "ۆ": "ckb", "ڵ": "ckb", "ڕ": "ckb",
    },
    "Devanagari": {"ळ": "mr"},
    "Ethiopic": {},
    "Hebrew": {"ײ": "yi", "װ": "yi", "ױ": "yi", "\u05b7": "yi", "\u05b8": "yi"},
}  # fmt: skip
