package seed

import "time"

// land is a country customers live in, with what an order needs to know of it.
type land struct {
	code       string
	customers  float64 // part of all customers
	dialCode   string
	mobile     string // what mobile numbers begin with after the dial code
	postalCode string // # stands for a digit
	taxPercent int64  // the standard rate of value-added or sales tax
	transit    time.Duration
	cities     []string
}

const day = 24 * time.Hour

var lands = []land{
	{"DE", 0.24, "+49", "151", "#####", 19, 2 * day, []string{"Berlin", "Hamburg", "München", "Köln", "Frankfurt am Main", "Stuttgart", "Leipzig", "Dresden"}},
	{"FR", 0.17, "+33", "6", "#####", 20, 2 * day, []string{"Paris", "Marseille", "Lyon", "Toulouse", "Nice", "Nantes", "Bordeaux", "Lille"}},
	{"ES", 0.14, "+34", "6", "#####", 21, 3 * day, []string{"Madrid", "Barcelona", "Valencia", "Sevilla", "Zaragoza", "Málaga", "Bilbao"}},
	{"IT", 0.12, "+39", "3", "#####", 22, 3 * day, []string{"Roma", "Milano", "Napoli", "Torino", "Palermo", "Bologna", "Firenze"}},
	{"NL", 0.08, "+31", "6", "#### ZA", 21, 1 * day, []string{"Amsterdam", "Rotterdam", "Den Haag", "Utrecht", "Eindhoven"}},
	{"PT", 0.07, "+351", "9", "####-###", 23, 4 * day, []string{"Lisboa", "Porto", "Braga", "Coimbra", "Faro"}},
	{"PL", 0.07, "+48", "5", "##-###", 23, 3 * day, []string{"Warszawa", "Kraków", "Łódź", "Wrocław", "Poznań", "Gdańsk"}},
	{"AT", 0.05, "+43", "664", "####", 20, 2 * day, []string{"Wien", "Graz", "Linz", "Salzburg", "Innsbruck"}},
	{"IE", 0.03, "+353", "8", "D## X#P#", 23, 4 * day, []string{"Dublin", "Cork", "Galway", "Limerick"}},
	{"FI", 0.03, "+358", "4", "#####", 24, 5 * day, []string{"Helsinki", "Espoo", "Tampere", "Turku", "Oulu"}},
}
