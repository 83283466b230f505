package expr

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	register("to_char(int4,text)", numberLoop(func(k *call, i int, p *numberPattern) (numberText, error) { return p.ofInt(k.int(0, i), 32) }))
	register("to_char(int8,text)", numberLoop(func(k *call, i int, p *numberPattern) (numberText, error) { return p.ofInt(k.int(0, i), 64) }))
	register("to_char(numeric,text)", numberLoop(func(k *call, i int, p *numberPattern) (numberText, error) { return p.ofNumeric(k.dec(0, i)) }))
	register("to_char(float4,text)", numberLoop(func(k *call, i int, p *numberPattern) (numberText, error) { return p.ofFloat(k.float(0, i), 6) }))
	register("to_char(float8,text)", numberLoop(func(k *call, i int, p *numberPattern) (numberText, error) { return p.ofFloat(k.float(0, i), 15) }))
	register("to_number(text,text)", rows(toNumber))
}

// maxNumberPattern bounds the length of a pattern of numbers.
const maxNumberPattern = 64 << 10

// numberLoop writes numbers by a pattern, which is taken apart once for as long as it stays the same.
func numberLoop(text func(k *call, i int, p *numberPattern) (numberText, error)) loop {
	return func(k *call) error {
		var p *numberPattern
		var last string
		return k.each(func(i int) (err error) {
			if s := k.str(1, i); p == nil || s != last {
				if p, err = numberPatternOf(s); err != nil {
					return err
				}
				last = s
			}
			row := *p
			row.pre += row.multi
			n, err := text(k, i, &row)
			if err == nil {
				k.out.Str[i] = row.write(n)
			}
			return err
		})
	}
}

func numberPatternOf(s string) (*numberPattern, error) {
	if len(s) > maxNumberPattern {
		return nil, pgerr.New(pgerr.ProgramLimitExceeded, "pattern of a number is too long").
			WithDetail("It may have %d bytes.", maxNumberPattern)
	}
	return parseNumberPattern(s)
}

// ofInt is int4_to_char and int8_to_char: with V an integer wraps around, a bigint fails.
func (p *numberPattern) ofInt(v int64, size int) (numberText, error) {
	switch {
	case p.has["RN"]:
		return numberText{digits: romanOf(v)}, nil
	case p.has["EEEE"] && size == 32:
		return p.scientific(float64(v)), nil
	case p.has["EEEE"]:
		return p.scientificOf(apd.New(v, 0)), nil
	}
	text := strconv.FormatInt(v, 10)
	if p.has["V"] {
		x := new(big.Int).Mul(big.NewInt(v), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(min(p.multi, 20))), nil))
		switch {
		case size == 32 && (p.multi > 9 || !x.IsInt64()):
			return numberText{}, pgerr.Unsupported("a pattern with more than nine places behind V for an integer is").WithHint("Cast it to bigint or numeric.")
		case size == 32:
			text = strconv.FormatInt(int64(int32(x.Int64())), 10)
		case !x.IsInt64():
			return numberText{}, pgerr.New(pgerr.NumericValueOutOfRange, "bigint out of range")
		default:
			text = x.String()
		}
	}
	if p.post > 0 {
		text += "." + strings.Repeat("0", p.post)
	}
	return p.fit(text), nil
}

func (p *numberPattern) ofNumeric(d *apd.Decimal) (numberText, error) {
	if d.Form != apd.Finite {
		return p.ofSpecial(string(types.FormatText(nil, types.Numeric, types.DecDatum(d), types.Scope{})))
	}
	var x apd.Decimal
	switch {
	case p.has["RN"]:
		types.RoundDecimal(&x, d, 0)
		v, err := x.Int64()
		if err != nil || v != int64(int32(v)) {
			return numberText{}, pgerr.New(pgerr.NumericValueOutOfRange, "integer out of range")
		}
		return numberText{digits: romanOf(v)}, nil
	case p.has["EEEE"]:
		return p.scientificOf(d), nil
	}
	x.Set(d)
	if p.has["V"] {
		x.Exponent += int32(p.multi)
	}
	if err := finish(&x, &x, min(p.post, maxResultScale)); err != nil {
		return numberText{}, err
	}
	return p.fit(x.Text('f')), nil
}

// ofSpecial writes NaN and the infinities.
func (p *numberPattern) ofSpecial(text string) (numberText, error) {
	switch {
	case p.has["RN"]:
		what := strings.ToLower(strings.TrimPrefix(text, "-"))
		if what == "nan" {
			what = "NaN"
		}
		return numberText{}, pgerr.New(pgerr.FeatureNotSupported, "cannot convert %s to integer", what)
	case p.has["EEEE"]:
		hashes := []byte(" " + strings.Repeat("#", p.pre+p.post+5))
		hashes[p.pre+1] = '.'
		return numberText{digits: string(hashes)}, nil
	}
	return p.fit(text), nil
}

// ofFloat writes a float of so many decimal digits.
func (p *numberPattern) ofFloat(f float64, digits int) (numberText, error) {
	special := math.IsNaN(f) || math.IsInf(f, 0)
	switch {
	case p.has["RN"]:
		v := math.RoundToEven(f)
		if special || v < 0 || v > math.MaxInt32 {
			v = 0
		}
		return numberText{digits: romanOf(int64(v))}, nil
	case special:
		return p.ofSpecial(string(types.AppendFloat(nil, f)))
	case p.has["EEEE"]:
		return p.scientific(f), nil
	}
	if p.has["V"] {
		f *= math.Pow(10, float64(p.multi))
	}
	pre := len(strconv.FormatFloat(math.Abs(f), 'f', 0, 64))
	switch {
	case pre >= digits:
		p.post = 0
	case pre+p.post > digits:
		p.post = digits - pre
	}
	return p.fit(strconv.FormatFloat(f, 'f', p.post, 64)), nil
}

// scientific writes a float with an exponent, with a blank for the sign of what is not negative.
func (p *numberPattern) scientific(f float64) numberText {
	text := strconv.FormatFloat(f, 'e', p.post, 64)
	if text[0] != '-' {
		text = " " + text
	}
	return numberText{digits: text}
}

// scientificOf writes a numeric with an exponent, as numeric_out_sci.
func (p *numberPattern) scientificOf(d *apd.Decimal) numberText {
	var x apd.Decimal
	x.Set(d)
	exponent := 0
	if d.Coeff.Sign() != 0 {
		exponent = int(d.NumDigits()) - 1 + int(d.Exponent)
	}
	x.Exponent -= int32(exponent)
	types.RoundDecimal(&x, &x, p.post)
	sign := "+"
	if exponent < 0 {
		sign = "-"
	}
	text := x.Text('f') + "e" + sign
	if abs(exponent) < 10 {
		text += "0"
	}
	if text[0] != '-' {
		text = " " + text
	}
	return numberText{digits: text + strconv.Itoa(abs(exponent))}
}

// toNumber reads a number by a pattern.
func toNumber(k *call, i int) error {
	if k.str(1, i) == "" {
		k.setNull(i)
		return nil
	}
	p, err := numberPatternOf(k.str(1, i))
	if err != nil {
		return err
	}
	text, scale, err := p.read(k.str(0, i))
	if err != nil {
		return err
	}
	d, err := types.ParseText(types.Numeric, text, types.Scope{})
	if err != nil {
		return err
	}
	limit := types.Numeric
	limit.Precision, limit.Scale = int32(p.pre+p.multi+scale), int16(scale)
	if limit.Precision == 0 && !isZero(d.Dec) {
		return pgerr.New(pgerr.NumericValueOutOfRange, "numeric field overflow").
			WithDetail("A field with precision 0, scale 0 must round to an absolute value less than 1.")
	}
	if err := types.FitNumeric(d.Dec, limit); err != nil || !p.has["V"] {
		k.out.Dec[i].Set(d.Dec)
		return err
	}
	var power apd.Decimal
	if err := powerDecimals(&power, apd.New(10, 0), apd.New(-int64(p.multi), 0)); err != nil {
		return err
	}
	return multiplyDecimals(&k.out.Dec[i], d.Dec, &power)
}
