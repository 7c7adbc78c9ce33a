// Invented companies and people. Telephone numbers are from the ranges set aside for fiction where a country has them;
// every domain ends in .example.

import { iban, vatId } from './ids.mjs'
import { random } from './random.mjs'

const COMPANIES = {
  kestrel: ['Kestrel & Shaw Ltd', '14 Tanner’s Yard', 'Leeds LS9 8QT', 'GB', '0113 496 0142', 'kestrel-shaw'],
  harbour: ['Harbour Lane Joinery Ltd', 'Unit 7, Dock Road', 'Bristol BS1 6XN', 'GB', '0117 496 0371', 'harbourlane'],
  millbrook: ['Millbrook Academy Trust', 'Priory Hill', 'Cardiff CF24 1AB', 'GB', '029 2018 0455', 'millbrook'],
  orchard: ['Orchard Row Lettings LLP', '3 Orchard Row', 'London SE16 4TL', 'GB', '020 7946 0631', 'orchardrow'],
  fenwickbank: ['Northwater Bank plc', '1 Quay Street', 'Newcastle NE1 3PL', 'GB', '0191 498 0100', 'northwater'],
  brightwell: ['Brightwell Robotics, Inc.', '2210 Alder Avenue, Suite 400', 'Portland, OR 97205', 'US', '(503) 555-0138', 'brightwellrobotics'],
  tallgrass: ['Tallgrass Analytics LLC', '88 Cottonwood Street', 'Omaha, NE 68102', 'US', '(402) 555-0177', 'tallgrass'],
  liffey: ['Liffey Cloud Hosting Ltd', '22 Chandler’s Quay', 'Dublin D02 KX38', 'IE', '+353 20 911 0042', 'liffeycloud'],
  lindner: ['Lindner Werkzeugbau GmbH', 'Gerberstraße 18', '70178 Stuttgart', 'DE', '+49 30 23125 118', 'lindner-werkzeugbau'],
  moewe: ['Möwe Büroausstattung GmbH & Co. KG', 'Am Alten Speicher 5', '20457 Hamburg', 'DE', '+49 40 66969 204', 'moewe-buero'],
  hoellerer: ['Höllerer Elektrotechnik e.K.', 'Färbergasse 9', '86150 Augsburg', 'DE', '+49 89 99998 317', 'hoellerer-elektro'],
  alpenrad: ['Alpenrad Verleih AG', 'Seefeldweg 31', '8008 Zürich', 'CH', '+41 44 500 00 71', 'alpenrad'],
  donau: ['Donauquell Feinkost GmbH', 'Mühlgasse 4', '1040 Wien', 'AT', '+43 1 500 00 63', 'donauquell'],
  sparwerk: ['Sparwerk Bank eG', 'Marktplatz 2', '34117 Kassel', 'DE', '+49 30 23125 500', 'sparwerk-bank'],
  atelier: ['Atelier Gréhan SARL', '27, rue des Tisserands', '69004 Lyon', 'FR', '01 99 00 41 22', 'atelier-grehan'],
  mareval: ['Maréval Conseil SAS', '6, quai de la Fosse-aux-Loups', '44000 Nantes', 'FR', '02 61 91 27 05', 'mareval'],
  boulangerie: ['Boulangerie du Vieux Four', '11, place de l’Échelle', '31000 Toulouse', 'FR', '05 36 49 18 33', 'vieuxfour'],
  creditrhodan: ['Crédit Rhodan', '40, cours des Platanes', '69002 Lyon', 'FR', '01 99 00 70 00', 'creditrhodan'],
  olivares: ['Talleres Olivares, S.L.', 'Calle del Almendro 42', '41003 Sevilla', 'ES', '+34 955 000 118', 'talleresolivares'],
  nieblas: ['Imprenta Nieblas, S.L.', 'Avenida del Puerto 7', '46021 Valencia', 'ES', '+34 960 000 245', 'imprentanieblas'],
  ferraguto: ['Ferraguto Ceramiche S.r.l.', 'Via dei Vasai 12', '40121 Bologna', 'IT', '+39 051 000 4417', 'ferraguto'],
  trattoria: ['Trattoria Sette Lune', 'Vicolo del Fico 3', '00186 Roma', 'IT', '+39 06 000 2190', 'settelune'],
  polder: ['Polderwind Fietsen B.V.', 'Oude Gracht 211', '3511 NR Utrecht', 'NL', '+31 30 000 4120', 'polderwind'],
  veenstra: ['Veenstra Drukwerk B.V.', 'Kanaalstraat 15', '9711 GX Groningen', 'NL', '+31 50 000 7781', 'veenstradruk'],
  azulejo: ['Casa do Azulejo, Lda.', 'Rua da Fonte Nova 58', '4000-214 Porto', 'PT', '+351 220 000 317', 'casadoazulejo'],
  ribeira: ['Hotel Ribeira Clara, S.A.', 'Largo do Cais 2', '1100-091 Lisboa', 'PT', '+351 210 000 904', 'ribeiraclara'],
}

const COUNTRY = { GB: 'United Kingdom', US: 'USA', IE: 'Ireland', DE: 'Deutschland', CH: 'Schweiz', AT: 'Österreich', FR: 'France', ES: 'España', IT: 'Italia', NL: 'Nederland', PT: 'Portugal' }

export const companies = Object.fromEntries(
  Object.entries(COMPANIES).map(([key, [name, street, city, country, phone, domain]]) => {
    const source = random(key)
    const site = `${domain}.example`
    return [key, {
      name, street, city, country, phone, site, mail: `office@${site}`, countryName: COUNTRY[country], address: [name, street, city],
      vat: vatId(country, source), iban: country === 'US' ? undefined : iban(country, source), account: source.digits(10), bic: `${{ GB: 'NRTW', IE: 'LFFY', NL: 'POLD' }[country] ?? source.pick(['SPWK', 'CRRH'])}${country}2X`,
    }]
  }),
)
