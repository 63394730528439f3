/**
 * Of twelve characters and more, those that people choose first and guessing begins with. A longer list would catch
 * few more: that many tries are not had (`failed-tries.ts`).
 */
export const commonPasswords: ReadonlySet<string> = new Set([
  'correct horse battery staple',
  ...`
098765432109 102030405060 111111222222 111222333444 112233445566 121212121212 123123123123
123321123321 123456123456 123456789012 1234567890123 12345678901234 123456789123 123456qwerty
123654789123 147258369147 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc 1qaz2wsx3edc4rfv 987654321098
a123456789012 a1b2c3d4e5f6 aa1234567890 aaaaaa111111 abc123abc123 abcabcabcabc abcd12345678
abcdef123456 abcdefg12345 admin1234567 admin12345678 adminadmin123 adminadminadmin administrator
administrator1 administrator123 asdfasdfasdf asdfghjkl123 asdfghjkl1234 ashley123456
autumn2024!! azerty123456 azertyazerty azertyuiop12 azertyuiop123 barcelona123 baseball1234
basketball12 batman123456 changeme1234 changeme12345 changemenow1 charlie12345 chelsea12345
computer1234 contrasena123 correcthorse correcthorsebatterystaple daniel123456 december1234
default12345 demo12345678 demodemodemo dragon123456 facebook1234 football1234 google123456
guest1234567 hallohallo12 hellohello12 helloworld12 helloworld123 helloworld1234 ilovejesus123
ilovemyfamily iloveyou123! iloveyou1234 iloveyou12345 iloveyouforever iloveyousomuch
internet1234 january12345 jennifer1234 jessica12345 jordan123456 letmein12345 letmein123456
letmeinletmein letmeinplease liverpool123 loveyou12345 manchester123 master123456 michael12345
microsoft123 monday123456 monkey123456 motdepasse123 mypassword123 mypassword1234 newpassword1
newpassword123 oldpassword1 opensesame12 opensesame123 p@ssw0rd1234 p@ssw0rd12345 p@ssword1234
pa$$w0rd1234 pa$$word1234 passw0rd1234 passw0rd12345 password123! password1234 password1234!
password12345 password123456 passwordpassword passwort1234 passwort12345 plimsoll1234
plimsoll12345 plimsollline plimsollplimsoll pokemon12345 princess1234 princess12345 qazwsxedc123
qazwsxedcrfv qwerty123456 qwerty1234567 qwertyqwerty qwertyuiop12 qwertyuiop123 qwertyuiopas
realmadrid12 root12345678 samsung12345 schatz123456 secret123456 secretsecret shadow123456
spiderman123 spring2024!! starwars1234 summer2023!! summer202412 sunshine1234 superman1234
supersecret1 supersecret123 temp12345678 temppassword test12345678 testing12345 testpassword
testtesttest topsecret123 trustno1trustno1 user12345678 welcome1234! welcome12345 welcome123456
whatever1234 winter2023!! winter202412 zaq12wsxcde3 zaq1xsw2cde3 zxcvbnm12345 zxcvbnm123456
`.split(/\s+/),
])
