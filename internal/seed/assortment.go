package seed

// department is a root of the category tree, shelf a leaf. Products stand on shelves only.
type department struct {
	name, description string
	shelves           []shelf
}

type shelf struct {
	name, description string
	nouns             []string
	low, high         float64     // price range, in whole units of the currency
	cost              float64     // of the price, on average
	weight            float64     // kg, at most
	season            [12]float64 // demand by month as a multiple of the average; zero value: even
}

var (
	spring    = [12]float64{0.5, 0.6, 1.1, 1.5, 1.7, 1.5, 1.3, 1.1, 0.9, 0.7, 0.5, 0.6}
	winter    = [12]float64{1.4, 1.2, 0.9, 0.7, 0.5, 0.5, 0.5, 0.6, 0.9, 1.3, 1.7, 1.8}
	christmas = [12]float64{0.6, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8, 0.9, 1.1, 1.9, 2.2}
	schools   = [12]float64{0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 1.0, 1.5, 1.5, 1.0, 0.9, 0.7}
)

// assortment is the category tree: 5 departments and 13 shelves, 18 categories in all.
var assortment = []department{
	{"Electronics", "Everything with a plug or a battery.", []shelf{
		{"Computers", "Laptops, monitors and what connects to them.", []string{"Laptop", "Monitor", "Keyboard", "Docking Station", "Mouse", "SSD", "Webcam", "Router"}, 25, 1_400, 0.78, 4, schools},
		{"Phones", "Phones, and what protects and charges them.", []string{"Smartphone", "Phone Case", "Charger", "Power Bank", "Screen Protector", "Car Mount"}, 9, 900, 0.72, 0.5, christmas},
		{"Audio", "Headphones, speakers and record players.", []string{"Headphones", "Earbuds", "Speaker", "Soundbar", "Turntable", "Microphone"}, 19, 480, 0.64, 6, christmas},
	}},
	{"Home & Kitchen", "For rooms that are lived in.", []shelf{
		{"Furniture", "Desks, chairs, shelves and sofas.", []string{"Desk", "Office Chair", "Bookcase", "Side Table", "Armchair", "Sideboard"}, 49, 890, 0.55, 45, [12]float64{}},
		{"Kitchenware", "Pots, knives and small appliances.", []string{"Saucepan", "Chef's Knife", "Blender", "Kettle", "Coffee Grinder", "Baking Tray", "Toaster"}, 8, 180, 0.52, 4, winter},
		{"Lighting", "Lamps for ceiling, desk and floor.", []string{"Desk Lamp", "Floor Lamp", "Pendant Light", "Night Light", "LED Bulb Set"}, 7, 220, 0.48, 5, winter},
	}},
	{"Fashion", "Clothes and shoes.", []shelf{
		{"Women's Clothing", "Dresses, knitwear and coats.", []string{"Dress", "Cardigan", "Coat", "Blouse", "Jeans", "Scarf"}, 15, 240, 0.42, 1.5, [12]float64{}},
		{"Men's Clothing", "Shirts, trousers and jackets.", []string{"Shirt", "Chinos", "Jacket", "Pullover", "T-Shirt", "Belt"}, 12, 220, 0.43, 1.5, [12]float64{}},
		{"Shoes", "Trainers, boots and sandals.", []string{"Trainers", "Boots", "Sandals", "Loafers", "Slippers"}, 25, 190, 0.47, 1.4, [12]float64{}},
	}},
	{"Sports & Outdoors", "For a life outside.", []shelf{
		{"Cycling", "Parts, tools and clothing for riders.", []string{"Helmet", "Bike Light", "Pump", "Pannier", "Jersey", "Saddle"}, 9, 260, 0.56, 3, spring},
		{"Camping", "Tents, stoves and sleeping bags.", []string{"Tent", "Sleeping Bag", "Camping Stove", "Head Torch", "Rucksack", "Flask"}, 12, 420, 0.53, 8, spring},
	}},
	{"Books & Toys", "For long evenings.", []shelf{
		{"Books", "Fiction, cooking, travel and science.", []string{"Novel", "Cookbook", "Travel Guide", "Atlas", "Field Guide", "Biography"}, 7, 55, 0.62, 1.8, christmas},
		{"Toys", "Games, puzzles and building sets.", []string{"Board Game", "Puzzle", "Building Set", "Train Set", "Plush Bear", "Card Game"}, 8, 130, 0.50, 3, christmas},
	}},
}

var (
	brands = []string{
		"Alderon", "Brisk", "Corvane", "Dunmore", "Elvast", "Fjordal", "Grantley", "Halden",
		"Ivara", "Juniper Row", "Kestrel", "Lumen", "Marlow", "Nordvik", "Oakhurst", "Pellworth",
	}
	lines = []string{"Classic", "Compact", "Pro", "Light", "Urban", "Heritage", "Essential", "Studio", "Trail", "Nova"}

	vendorNames = []string{"Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ironwood", "Juniper", "Laurel", "Maple"}
	vendorKinds = []string{"Trading", "Supply", "& Sons", "Market", "Wholesale", "House", "Works", "Direct"}
)
